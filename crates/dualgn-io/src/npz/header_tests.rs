use super::*;

/// The file of a dictionary, as NumPy writes it in a version.
fn file(version: u8, text: &[u8]) -> Vec<u8> {
    let length = if version == 1 { 2 } else { 4 };
    let mut bytes = [ARRAY.as_slice(), &[version, 0], &(text.len() as u32).to_le_bytes()[..length]].concat();
    bytes.extend(text);
    bytes
}

fn read(text: &str) -> Result<Header, String> {
    Header::read(&mut file(1, text.as_bytes()).as_slice())
}

/// Written by `numpy.save` 2.4 for arrays of `numpy.zeros(2, dtype)`, without spaces at the end.
#[test]
fn types_of_numpy_are_read() {
    let of = |descr: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}");
    for (descr, width) in [
        ("'|b1'", 1),
        ("'|i1'", 1),
        ("'<i2'", 2),
        ("'>i2'", 2),
        ("'<i4'", 4),
        ("'>i4'", 4),
        ("'<i8'", 8),
        ("'>i8'", 8),
        ("'|u1'", 1),
        ("'<u2'", 2),
        ("'>u4'", 4),
        ("'<u8'", 8),
        ("'<f2'", 2),
        ("'<f4'", 4),
        ("'>f4'", 4),
        ("'<f8'", 8),
        ("'>f8'", 8),
        ("'<f16'", 16),
        ("'<c8'", 8),
        ("'<c16'", 16),
        ("'|S5'", 5),
        ("'<U3'", 12),
        ("'>U3'", 12),
        ("'<M8[ns]'", 8),
        ("'<M8[25s]'", 8),
        ("'<M8'", 8),
        ("'<m8[D]'", 8),
        ("'|V4'", 4),
        ("'|O'", 0),
    ] {
        let header = read(&of(descr)).unwrap();
        let kind = header.kind.unwrap();
        assert_eq!((format!("'{kind}'").as_str(), kind.width), (descr, width));
        assert_eq!(kind.is_big_endian, descr.starts_with("'>"), "{descr}");
        assert_eq!((header.is_fortran, header.shape), (false, vec![2]), "{descr}");
    }
    for descr in [
        "[('a', '<f4'), ('b', '|i1', (2, 3))]",
        "[('x', [('y', '<f8')])]",
        "[(('t', 'n'), '<f4')]",
        "[(\"it's\", '<f8')]",
        "[('shape', '<f8', (99,)), ('', '|V4')]",
    ] {
        let header = read(&of(descr)).unwrap();
        assert!(header.kind.is_none() && header.shape == [2], "{descr}");
    }
    // In Latin-1, as version 1 has names.
    let text = b"{'descr': [('\xf6', '<f8')], 'fortran_order': False, 'shape': (2,), }";
    assert!(Header::read(&mut file(1, text).as_slice()).unwrap().kind.is_none());
}

#[test]
fn shapes_and_orders_of_numpy_are_read() {
    for (order, shape, expected) in [
        ("False", "()", &[][..]),
        ("False", "(0,)", &[0]),
        ("False", "(3,)", &[3]),
        ("False", "(2, 3)", &[2, 3]),
        ("True", "(2, 3)", &[2, 3]),
        ("True", "(2, 3, 4)", &[2, 3, 4]),
        ("False", "(0, 5)", &[0, 5]),
        ("False", "(1, 1, 1, 1, 1, 1, 1, 1)", &[1; 8]),
        // NumPy with Python 2.
        ("False", "(3L, 4L)", &[3, 4]),
        ("False", "(12L,)", &[12]),
    ] {
        let header = read(&format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': {shape}, }}   \n")).unwrap();
        assert_eq!((header.is_fortran, header.shape.as_slice()), (order == "True", expected), "{shape}");
    }
}

#[test]
fn other_ways_to_write_the_same_are_read() {
    for text in [
        "{'shape': (2, 3), 'fortran_order': True, 'descr': '=f4'}",
        "{\"fortran_order\": True, \"descr\": \"<f4\", \"shape\": (2, 3)}",
        "{'descr':'<f4','fortran_order':True,'shape':(2,3)}\n",
        " {\t'descr' : '<f4' ,\n 'fortran_order' : True ,\r\n 'shape' : ( 2 , 3 , ) , } \n\n",
        "{'descr': '<f4', 'fortran_order': True, 'shape': [2, 3]}",
    ] {
        let header = read(text).unwrap();
        let kind = header.kind.as_ref().unwrap();
        assert_eq!((kind.letter, kind.width, header.is_fortran, header.shape.as_slice()), ('f', 4, true, &[2, 3][..]));
    }
}

#[test]
fn nothing_behind_a_header_is_read() {
    let text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
    for (version, length) in [(1, 10), (2, 12), (3, 12)] {
        let bytes = [file(version, text), b"data".to_vec()].concat();
        let mut reader = bytes.as_slice();
        let header = Header::read(&mut reader).unwrap();
        assert_eq!((header.length(), reader), (length + text.len() as u64, b"data".as_slice()), "{version}");
    }
}

#[test]
fn malformed_headers_are_refused() {
    let (descr, order, shape) = ("'descr': '<f8'", "'fortran_order': False", "'shape': (2,)");
    let with = |shape: &str| format!("{{{descr}, {order}, 'shape': {shape}}}");
    for (text, problem) in [
        (String::new(), "`{` expected"),
        (format!("{descr}, {order}, {shape}"), "`{` expected"),
        (format!("{{{descr}, {order}, {shape}"), "`}` expected"),
        (format!("{{{descr}, {order}, {shape}}}}}"), "the end expected"),
        (format!("{{{descr}, {order}, {shape}}}\0"), "the end expected"),
        (format!("{{{descr}, {order}, {shape},,}}"), "a text expected"),
        (format!("{{,{descr}, {order}, {shape}}}"), "a text expected"),
        (format!("{{{descr} {order}, {shape}}}"), "`}` expected"),
        (format!("{{'descr' '<f8', {order}, {shape}}}"), "`:` expected"),
        (format!("{{'descr: '<f8', {order}, {shape}}}"), "`:` expected"),
        (format!("{{'descr': '<f8, {order}, {shape}}}"), "expected"),
        (format!("{{descr: '<f8', {order}, {shape}}}"), "a text expected"),
        (format!("{{u{descr}, {order}, {shape}}}"), "a text expected"),
        (format!("{{{order}, {shape}}}"), "the key `descr` is missing"),
        (format!("{{{descr}, {shape}}}"), "the key `fortran_order` is missing"),
        (format!("{{{descr}, {order}}}"), "the key `shape` is missing"),
        ("{}".into(), "is missing"),
        (format!("{{{descr}, {order}, {shape}, {shape}}}"), "the key `shape` is there twice"),
        (format!("{{{descr}, {descr}, {order}, {shape}}}"), "the key `descr` is there twice"),
        (format!("{{{descr}, {order}, {shape}, 'offset': 8}}"), "the key `offset` is not known"),
        (format!("{{{descr}, 'fortran_order': 0, {shape}}}"), "neither True nor False"),
        (format!("{{{descr}, 'fortran_order': false, {shape}}}"), "True, False"),
        (format!("{{{descr}, 'fortran_order': Falsehood, {shape}}}"), "`}` expected"),
        (format!("{{'descr': 'f8', {order}, {shape}}}"), "`f8`, which is no type"),
        (format!("{{'descr': '|f8', {order}, {shape}}}"), "`|f8`, which is no type"),
        (format!(r"{{'descr': '<\x668', {order}, {shape}}}"), "which is no type"),
        (format!("{{'descr': 8, {order}, {shape}}}"), "neither a text nor a list"),
        (format!("{{'descr': ('<f8', (2,)), {order}, {shape}}}"), "neither a text nor a list"),
        (with("2"), "`shape` is no tuple"),
        (with("'2'"), "`shape` is no tuple"),
        (with("(2)"), "`,` expected"),
        (with("(,)"), "a whole number"),
        (with("(2 3)"), "`,` expected"),
        (with("(2, 3"), "`)` expected"),
        (with("(2, 3]"), "`)` expected"),
        (with("(-2,)"), "a whole number"),
        (with("(2.0,)"), "`,` expected"),
        (with("(2l,)"), "`,` expected"),
        (with("(2LL,)"), "`,` expected"),
        (with("(0x2,)"), "`,` expected"),
        (with("(02,)"), "leading 0"),
        (with("(True,)"), "`shape` is no tuple"),
        (with("((2,),)"), "`shape` is no tuple"),
        (with("None"), "a whole number"),
    ] {
        let told = read(&text).unwrap_err();
        assert!(told.starts_with("has a header that cannot be read (") && told.contains(problem), "{text}: {told}");
    }
}

#[test]
fn versions_and_lengths_are_checked() {
    let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }}{}", " ".repeat(LENGTH));
    let problem = |bytes: &[u8]| Header::read(&mut &bytes[..]).unwrap_err();
    let good = file(1, &text.as_bytes()[..80]);
    for (bytes, told) in [
        (file(1, text.as_bytes()), "more than any array needs"),
        (file(2, text.as_bytes()), "more than any array needs"),
        (file(4, &text.as_bytes()[..80]), "of the version 4 of the format"),
        ([&good[..7], &[5], &good[8..]].concat(), "of the version 1.5 of the format"),
        (good[..50].to_vec(), "is damaged"),
        (file(2, &text.as_bytes()[..80])[..11].to_vec(), "is damaged"),
        (good[..9].to_vec(), "numpy.save"),
        (good[1..].to_vec(), "numpy.save"),
        (file(1, format!("{{'descr': {}", "[".repeat(BRACKETS)).as_bytes()), "too many brackets"),
    ] {
        assert!(problem(&bytes).contains(told), "{told}: {}", problem(&bytes));
    }
    // What is nested as deep as may be.
    let deep = format!("{{'descr': {}", "[".repeat(BRACKETS - 1));
    assert!(problem(&file(1, deep.as_bytes())).contains("cannot be read"));
}

/// What `numpy.save` 2.4 writes, but for the comma and the space behind the last dimension.
#[test]
fn headers_are_those_of_numpy() {
    for (kind, shape, numpy) in [
        ("<f8", &[][..], "{'descr': '<f8', 'fortran_order': False, 'shape': (), }"),
        ("<i8", &[3], "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"),
        ("<f4", &[2, 3], "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"),
        ("<f8", &[0, 5], "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 5), }"),
        ("<f4", &[1; 8], "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1), }"),
    ] {
        let file_of =
            |text: &str| [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), format!("{text:117}\n").as_bytes()].concat();
        let ours = match shape.len() {
            0 => numpy.to_owned(),
            1 => numpy.replace(",), }", ", ), }"),
            _ => numpy.replace("), }", ", ), }"),
        };
        let (ours, numpy) = (file_of(&ours), file_of(numpy));
        assert_eq!(to_bytes(kind, shape).unwrap(), ours);
        for bytes in [ours, numpy] {
            let header = Header::read(&mut bytes.as_slice()).unwrap();
            assert_eq!((header.length(), header.shape.as_slice(), header.is_fortran), (128, shape, false));
            assert_eq!(header.kind.unwrap().to_string(), kind);
        }
    }
}

#[test]
fn what_follows_a_header_is_aligned() {
    // Full to the last byte, and one byte more.
    for (large, length) in [(999_999, 128), (1_000_000, 192)] {
        let shape = [&[1; 18][..], &[large]].concat();
        let header = to_bytes("<f8", &shape).unwrap();
        assert_eq!((header.len(), header.last()), (length, Some(&b'\n')), "{large}");
        assert_eq!(Header::read(&mut header.as_slice()).unwrap().shape, shape);
    }
    assert!(to_bytes("<f8", &[1; 30_000]).is_err());
}
