//! Columns for which single precision has too few digits. A table has double precision, and so has a model of it: a runtime of
//! ONNX gets a time stamp in seconds rounded to two minutes.

use dualgn_io::number::significant;

use crate::table::{Encoder, EncodingKind};

/// A deviation of less than this part of the mean keeps fewer than two digits, of the seven that single precision has.
const NARROW: f64 = 1e-5;

/// Says which columns those are, and what to do.
pub(super) fn remark(encoder: &Encoder) -> Option<String> {
    let narrow = encoder.columns.iter().filter_map(|column| match &column.kind {
        // A deviation of exactly 1 stands for none, and has no digits to lose. Logarithms are small.
        EncodingKind::Numeric { mean, deviation, unit: None, .. }
            if *deviation != 1.0 && *deviation < NARROW * mean.abs() =>
        {
            let (mean, deviation) = (significant(*mean), significant(*deviation));
            Some(format!("`{}` (mean {mean}, standard deviation {deviation})", column.name))
        }
        _ => None,
    });
    let narrow: Vec<String> = narrow.collect();
    let columns = narrow.join(", ");
    (!narrow.is_empty()).then(|| {
        format!(
            "runtimes of ONNX take the columns in single precision, which keeps fewer than two digits of what varies in {columns}; subtract a \
             number near the mean in the table, fit again, and export that model"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(name: &str, mean: f64, deviation: f64) -> serde_json::Value {
        json!({ "name": name, "role": "numeric", "mean": mean, "deviation": deviation, "indicator": false })
    }

    fn said(columns: &[serde_json::Value]) -> Option<String> {
        remark(&serde_json::from_value(json!({ "columns": columns, "unseen": "rare", "missing": "impute" })).unwrap())
    }

    #[test]
    fn columns_that_vary_little_beside_their_mean_are_named() {
        // A day in seconds, and a place in degrees within metres.
        let (time, place) = (column("time", 1.7e9, 8.6e3), column("place", -122.0, 1e-4));
        let found = said(&[time, column("amount", 50.0, 20.0), place]).unwrap();
        assert!(found.contains("`time` (mean 1.700e9, standard deviation 8600), `place` (mean -122"), "{found}");
        assert!(!found.contains("amount"), "{found}");
    }

    #[test]
    fn other_columns_are_not() {
        let mut tail = column("tail", 9.0, 1e-5);
        tail["unit"] = json!(2.0);
        let words = json!({ "name": "words", "role": "category", "levels": ["a"] });
        // Ten years in seconds; all the same; around zero; a logarithm.
        let columns = [column("years", 1.7e9, 9e7), column("same", 1.7e9, 1.0), column("zero", 0.0, 1e-9), tail, words];
        assert_eq!(said(&columns), None);
    }
}
