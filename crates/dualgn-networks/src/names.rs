//! Which tensors of a file are the weights of a network.
//!
//! Programs put a state dict into another dictionary (`model_state_dict`), and wrappers of a network put words before its names
//! (`module.`, `_orig_mod.`). Whatever they are called, the names that a network needs are then the ends of names in the file, and the
//! same words stand before all of them.

use std::collections::BTreeMap;

use dualgn_io::Failure;

/// Tensors that are shown of a file, or of a network, at most.
const SHOWN: usize = 12;
/// Pairs of names that are suggested at most.
const PAIRS: usize = 3;

/// What stands before the names of a network's tensors in a file.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    /// Such as `model_state_dict.`; empty where the names are the network's.
    pub prefix: String,
    /// Other places with tensors of the same names and shapes.
    pub others: Vec<String>,
}

/// The names and shapes of a file's tensors.
pub(crate) type Listing = BTreeMap<String, Vec<usize>>;

/// Finds the tensors that a network needs. `file` begins the sentences of errors.
///
/// # Errors
/// Names or shapes are others than those needed, or several places are equally good.
pub(crate) fn place(file: &str, needs: &Listing, there: &Listing) -> Result<Place, Failure> {
    let Some((first, _)) = needs.first_key_value() else { return Ok(Place { prefix: String::new(), others: vec![] }) };
    let has_all = |prefix: &String| needs.keys().all(|need| there.contains_key(&format!("{prefix}{need}")));
    let complete: Vec<String> =
        there.keys().filter_map(|name| before(name, first)).map(str::to_owned).filter(has_all).collect();
    let misfit = |prefix: &str| {
        needs.iter().find_map(|(need, shape)| {
            let name = format!("{prefix}{need}");
            let found = &there[&name];
            (found != shape).then(|| wrong_shape(file, &name, found, shape))
        })
    };
    let (mut fitting, others): (Vec<String>, Vec<String>) =
        complete.into_iter().partition(|prefix| misfit(prefix).is_none());
    fitting.sort_by_key(|prefix| rank(prefix));
    if let [best, second, ..] = &fitting[..]
        && rank(best) == rank(second)
    {
        let tied = fitting.iter().take(SHOWN).map(|prefix| shown(prefix)).collect::<Vec<_>>().join(", ");
        return Err(Failure::input(format!(
            "{file} holds several tensors `{first}` that fit the network, behind {tied}"
        ))
        .hint("write a file that holds one of them alone"));
    }
    if fitting.is_empty() {
        let closest = others.iter().min_by_key(|prefix| rank(prefix)).and_then(|prefix| misfit(prefix));
        return Err(closest.unwrap_or_else(|| absent(file, needs, there)));
    }
    let prefix = fitting.remove(0);
    let is_elsewhere =
        |name: &str| fitting.iter().any(|other| other.len() > prefix.len() && name.starts_with(other.as_str()));
    let extra = there.keys().find(|name| {
        let rest = name.strip_prefix(prefix.as_str());
        rest.is_some_and(|rest| is_of_layer(rest) && !needs.contains_key(rest)) && !is_elsewhere(name)
    });
    match extra {
        Some(name) => {
            Err(Failure::input(format!("{file} has a tensor {} that the network has no use for", shown(name)))
                .hint("describe all layers of the network, or write a file without this tensor"))
        }
        None => Ok(Place { prefix, others: fitting }),
    }
}

/// What stands before a name, if another ends with it: nothing, or words that end with a dot.
fn before<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    name.strip_suffix(end).filter(|before| before.is_empty() || before.ends_with('.'))
}

/// The order in which places are preferred: the weights before averages of them, and what stands higher before what stands lower.
fn rank(prefix: &str) -> (bool, usize) {
    let is_average = |word: &str| {
        ["ema", "swa", "average", "averaged", "shadow"].iter().any(|name| word.split('_').any(|part| part == *name))
    };
    (prefix.split('.').any(is_average), prefix.matches('.').count())
}

/// Whether a name is one that PyTorch gives to a tensor of a layer. Others, such as what an optimiser keeps, need no use.
fn is_of_layer(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    ["weight", "bias", "running_", "in_proj_", "positions"].iter().any(|start| last.starts_with(start))
}

/// The error of a tensor that has another shape.
fn wrong_shape(file: &str, name: &str, found: &[usize], needed: &[usize]) -> Failure {
    let name = shown(name);
    let failure =
        Failure::input(format!("{file} has a tensor {name} of the shape {found:?}, and the network needs {needed:?}"));
    let is_turned = found.len() == 2 && found.iter().eq(needed.iter().rev());
    failure.perhaps(is_turned.then(|| "transpose it: PyTorch's matrices have a row for each output".into()))
}

/// The error of names that differ: what is there, and what is needed.
fn absent(file: &str, needs: &Listing, there: &Listing) -> Failure {
    // What stands before most of them.
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for prefix in there.keys().flat_map(|name| needs.keys().filter_map(|need| before(name, need))) {
        *counts.entry(prefix).or_default() += 1;
    }
    let prefix = counts.into_iter().max_by_key(|(_, count)| *count).map_or("", |(prefix, _)| prefix);
    let missing: Vec<(&String, &Vec<usize>)> =
        needs.iter().filter(|(need, _)| !there.contains_key(&format!("{prefix}{need}"))).collect();
    let first = missing.first().map_or_else(String::new, |(need, _)| shown(&format!("{prefix}{need}")));
    let is_free = |name: &str| name.strip_prefix(prefix).is_none_or(|rest| !needs.contains_key(rest));
    let pair = |(need, shape): &(&String, &Vec<usize>)| {
        let mut same = there.iter().filter(|(name, found)| found == shape && is_free(name));
        let (name, _) = same.next()?;
        same.next().is_none().then(|| format!("{} has the shape of {}", shown(name), shown(need)))
    };
    let pairs: Vec<String> = missing.iter().filter_map(pair).take(PAIRS).collect();
    Failure::input(format!(
        "{file} has no tensor {first}, which the network needs\n  in the file: {}\n  needed: {}",
        listed(there),
        listed(needs),
    ))
    .perhaps((!pairs.is_empty()).then(|| format!("{}; rename what is meant", pairs.join(", "))))
}

/// Names with shapes, the first of them.
fn listed(tensors: &Listing) -> String {
    let count = tensors.len();
    let some: Vec<String> =
        tensors.iter().take(SHOWN).map(|(name, shape)| format!("{} {shape:?}", shown(name))).collect();
    match count {
        0 => "no tensors".into(),
        1..=SHOWN => some.join(", "),
        _ => format!("{} and {} more", some.join(", "), count - SHOWN),
    }
}

/// A name in quotes, cut where it is long.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}..`", &name[..end]),
        None => format!("`{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(prefixes: &[&str]) -> Listing {
        let needs = [("0.weight", vec![6, 4]), ("0.bias", vec![6]), ("2.weight", vec![3, 6])];
        let all = |prefix: &&str| needs.clone().map(|(name, shape)| (format!("{prefix}{name}"), shape));
        prefixes.iter().flat_map(all).collect()
    }

    fn needs() -> Listing {
        behind(&[""])
    }

    fn refusal(there: &Listing) -> String {
        place("w.pt", &needs(), there).unwrap_err().to_string()
    }

    #[test]
    fn any_words_may_stand_before_all_names() {
        for prefix in
            ["", "module.", "_orig_mod.", "module._orig_mod.", "model_state_dict.", "state_dict.model.net.", "net.10."]
        {
            assert_eq!(
                place("w.pt", &needs(), &behind(&[prefix])).unwrap(),
                Place { prefix: prefix.into(), others: vec![] }
            );
        }
        // The end of a word is no name: `10.weight` is not the tensor `0.weight`.
        assert!(refusal(&behind(&["1"])).contains("has no tensor `0.bias`"));
    }

    #[test]
    fn what_else_a_checkpoint_holds_is_left() {
        let mut there = behind(&["model."]);
        there.insert("optimizer.state.0.exp_avg".into(), vec![6, 4]);
        there.insert("rng_state".into(), vec![5056]);
        there.insert("model.0.num_batches_tracked".into(), vec![]);
        assert_eq!(place("w.pt", &needs(), &there).unwrap().prefix, "model.");
        // A layer that the network does not have is no matter of taste.
        there.insert("model.4.weight".into(), vec![1, 3]);
        assert!(refusal(&there).contains("`model.4.weight` that the network has no use for"));
    }

    #[test]
    fn weights_go_before_averages_of_them_and_equals_are_refused() {
        let found = place("w.pt", &needs(), &behind(&["ema_model.", "model.", "deep.copy."])).unwrap();
        assert_eq!((found.prefix.as_str(), found.others.len()), ("model.", 2));
        assert_eq!(place("w.pt", &needs(), &behind(&["", "ema."])).unwrap().prefix, "");
        let error = refusal(&behind(&["members.0.", "members.1."]));
        assert!(error.contains("behind `members.0.`, `members.1.`"), "{error}");
    }

    #[test]
    fn names_that_differ_are_listed_on_both_sides() {
        let mut there: Listing = (0..20).map(|index| (format!("x{index:02}"), vec![index])).collect();
        there.insert("a.weight".into(), vec![6, 4]);
        there.insert("a.bias".into(), vec![6]);
        let error = refusal(&there);
        for part in [
            "w.pt has no tensor `0.bias`, which the network needs\n  in the file: `a.bias` [6], `a.weight` [6, 4], `x00` [0], ",
            "and 10 more\n  needed: `0.bias` [6], `0.weight` [6, 4], `2.weight` [3, 6]\nhint: `a.weight` has",
        ] {
            assert!(error.contains(part), "{part}\n{error}");
        }
        // One is missing behind a prefix that the others have.
        let mut there = behind(&["module."]);
        there.remove("module.2.weight");
        assert!(refusal(&there).contains("has no tensor `module.2.weight`"));
        assert!(refusal(&Listing::new()).contains("in the file: no tensors"));
    }

    #[test]
    fn another_shape_is_said_with_what_is_needed() {
        let mut there = behind(&["m."]);
        there.insert("m.0.weight".into(), vec![4, 6]);
        let error = refusal(&there);
        assert!(
            error.contains("`m.0.weight` of the shape [4, 6], and the network needs [6, 4]\nhint: transpose"),
            "{error}"
        );
    }
}
