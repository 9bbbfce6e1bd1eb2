use super::super::header::Header;
use super::super::source::HeaderChoice;
use super::*;

/// The names and the first remark of a text.
fn header(text: &str, choice: HeaderChoice) -> (Vec<String>, String) {
    let header = Header::of(&Beginning::of(text.as_bytes(), true, None), choice);
    (header.names, header.remarks[0].clone())
}

fn names(text: &str) -> Vec<String> {
    header(text, HeaderChoice::Auto).0
}

#[test]
fn repeated_names_are_names() {
    assert_eq!(names("a,a,label\n1,2,red\n3,4,blue\n"), ["a", "a.2", "label"]);
    assert_eq!(names("kind,kind,label\nx,y,red\nz,w,blue\n"), ["kind", "kind.2", "label"]);
    // Answers, not names.
    assert_eq!(names("yes,yes,no\nno,yes,yes\nno,no,yes\n"), ["column1", "column2", "column3"]);
}

#[test]
fn numbers_are_names_if_they_count_up_above_others() {
    for text in [
        "country,2019,2020,2021\nFrance,1.5,2.5,3.25\nSpain,0.5,1.75,2.5\n",
        "2019,2020,2021\n1.5,2.5,3.25\n0.5,1.75,2.5\n",
        "0,1,2,3,4,5\n9,1,4,0,0,1\n3,3,4,0,9,1\n",
        "1990,2000,2010\n0.1,0.3,0.2\n0.4,0.2,0.7\n",
    ] {
        let (found, remark) = header(text, HeaderChoice::Auto);
        assert_eq!(found.join(","), text.lines().next().unwrap());
        assert!(remark.contains("--header no"), "{remark}");
        assert_eq!(header(text, HeaderChoice::No).0[0], "column1");
    }
    for text in [
        // Whole numbers below, and few of them.
        "2019,2020,2021\n5,1,9\n4,4,2\n",
        "France,2019\nSpain,1.5\n",
        // Rows that count up themselves.
        "1,2,3,4,5\n2,3,4,5,6\n3,4,5,6,7\n",
    ] {
        let (found, remark) = header(text, HeaderChoice::Auto);
        assert_eq!(found[0], "column1", "{text}");
        assert!(remark.contains("--header yes"), "{remark}");
        assert_eq!(header(text, HeaderChoice::Yes).0.join(","), text.lines().next().unwrap());
    }
    let (found, remark) = header("5.1,3.5,1.4\n4.9,3.0,1.4\n", HeaderChoice::Auto);
    assert_eq!((found[0].as_str(), remark.as_str()), ("column1", "no names in the first line"));
}

#[test]
fn a_word_for_nothing_is_no_name() {
    assert_eq!(names("red,NA\nred,3\nblue,4\n"), ["column1", "column2"]);
    assert_eq!(names(",a,b\n0,1,2\n1,5,6\n"), ["column1", "a", "b"]);
}

#[test]
fn comments_and_the_line_of_the_separator_are_no_rows() {
    let beginning = Beginning::of(b"\xef\xbb\xbf# made by x\r\n\r\n# on a day\r\na;b\r\n1;2\r\n", true, None);
    assert_eq!((beginning.separator, beginning.rows.len(), beginning.rows[0].len()), (b';', 2, 2));
    assert_eq!((beginning.preamble.lines, beginning.preamble.comments, beginning.preamble.bytes), (3, 2, 30));
    for text in ["sep=;\na;b\n1,5;2\n", "\"sep=;\"\na;b\n1,5;2\n", "SEP=;;\na;b\n1,5;2\n"] {
        let beginning = Beginning::of(text.as_bytes(), true, None);
        assert_eq!((beginning.separator, &beginning.rows[0][..]), (b';', &["a".to_owned(), "b".into()][..]), "{text}");
    }
    // What the user says counts; the line is left out all the same.
    let beginning = Beginning::of(b"sep=;\na|b\n1|2\n", true, Some(b'|'));
    assert_eq!((beginning.separator, beginning.rows[0].len()), (b'|', 2));
    // A table of hashes is one.
    assert_eq!(Beginning::of(b"#a,1\n#b,2\n", true, None).rows.len(), 2);
    // Tabs are empty cells.
    assert_eq!(Beginning::of(b"\t\t\n1\t2\t3\n", true, Some(b'\t')).rows.len(), 2);
}

#[test]
fn a_comment_may_hold_the_names() {
    assert_eq!(names("# x y z\n1.5 2 3\n4 5 6.5\n"), ["x", "y", "z"]);
    assert_eq!(names("#x,y,z\n1,2.5,3\n4,5,6\n"), ["x", "y", "z"]);
    assert_eq!(names("#,name,value\n1,ab,3\n2,cd,6\n"), ["#", "name", "value"]);
    // A sentence with as many commas as the names below.
    assert_eq!(names("# made in June, 2024\nname,kind\nab,cd\nef,gh\n"), ["name", "kind"]);
    assert_eq!(names("#made in June, 2024\nname,size\nab,1\nef,2\n"), ["name", "size"]);
    assert_eq!(header("# x y z\n1 2 3\n", HeaderChoice::No).0[0], "column1");
}

#[test]
fn separators_at_the_ends_of_lines_are_no_column() {
    for text in ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "a,b,\n1,2\n3,4\n", "a,b,\n1,2,\n3,4\n"] {
        let beginning = Beginning::of(text.as_bytes(), true, None);
        assert!(beginning.trailing, "{text}");
        assert_eq!(names(text), ["a", "b"], "{text}");
    }
    // Something stands there, or the column has a name.
    for (text, expected) in [("a,b,\n1,2,\n3,4,x\n", ["a", "b", "column3"]), ("a,b,c\n1,2,\n3,4,\n", ["a", "b", "c"])] {
        assert!(!Beginning::of(text.as_bytes(), true, None).trailing, "{text}");
        assert_eq!(names(text), expected);
    }
}

#[test]
fn one_name_less_than_cells_are_row_names_of_r() {
    let text = "\"a\" \"b\" \"label\"\n\"1\" 1.5 2.5 \"x\"\n\"2\" 3.5 4.5 \"y\"\n";
    let header = Header::of(&Beginning::of(text.as_bytes(), true, None), HeaderChoice::Auto);
    assert_eq!(header.names, ["row names", "a", "b", "label"]);
    assert!(header.has_row_names && header.in_first_row);
    assert!(header.remarks[1].contains("as R writes them"));
    assert_eq!(names("a,b\nx,1,2\ny,3,4\n"), ["row names", "a", "b"]);
}
