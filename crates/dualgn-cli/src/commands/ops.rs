//! `dualgn ops`.

use dualgn::inspect::{Operation, Support, operations};

use super::columns::{cells, columns};

/// The table of Burn's operations, and how many there are of each kind.
pub(super) fn table() -> String {
    let mut lines = vec![cells(["FAMILY", "OPERATION", "SUPPORT", "HOW, OR WHY NOT"])];
    lines.extend(operations().map(line));
    let count = |is: fn(&Support) -> bool| operations().filter(|operation| is(&operation.support)).count();
    let rules = count(|support| matches!(support, Support::Rule(_)));
    let parts = count(|support| matches!(support, Support::Parts(_)));
    let values = count(|support| matches!(support, Support::Value));
    let refused = count(|support| matches!(support, Support::Refused(_)));
    format!(
        "{}\n{} operations: {rules} have a rule, {parts} are expressed by others, {values} are evaluated without a derivative, \
         {refused} are refused when a network that uses them is traced.\n",
        columns(&lines),
        operations().count(),
    )
}

fn line(operation: &Operation) -> Vec<String> {
    let (support, how) = match operation.support {
        Support::Rule(family) => ("rule", family),
        Support::Parts(parts) => ("parts", parts),
        Support::Value => ("value", "constant between its jumps, or no derivative at all"),
        Support::Refused(reason) => ("refused", reason),
        _ => ("", ""),
    };
    cells([operation.family, operation.name, support, how])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_line() {
        let table = table();
        for operation in operations() {
            let found = table.lines().any(|line| {
                let mut words = line.split_whitespace();
                words.next() == Some(operation.family) && words.next() == Some(operation.name)
            });
            assert!(found, "{} {}", operation.family, operation.name);
        }
        assert!(table.contains("MatMul") || table.contains("Matmul"));
    }
}
