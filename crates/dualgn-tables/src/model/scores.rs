//! [`scores_of`]: how good predictions are, with 95 % intervals: Wilson's for shares, the bootstrap's for others.

use dualgn_train::magnitude;
use dualgn_train::problem::{LossName, Task};
use dualgn_train::scores::{Interval, Score, Scores};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::card::Card;
use super::predictions::Predictions;

/// A number that pairs of an answer and a target, or of a probability and a class, lead to.
type Measure<'a> = &'a dyn Fn(&mut dyn Iterator<Item = (f64, f64)>) -> f64;

/// Samples of the bootstrap.
const SAMPLES: usize = 1000;
/// The normal distribution's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;

/// Measures predictions of rows with the given targets.
pub fn scores_of(card: &Card, predictions: &Predictions, targets: &[f64]) -> Scores {
    match predictions {
        Predictions::Numbers(numbers) => of_numbers(card, numbers, targets),
        Predictions::Classes { classes, probabilities } => of_classes(card, classes, probabilities.as_deref(), targets),
    }
}

fn of_numbers(card: &Card, numbers: &[f64], targets: &[f64]) -> Scores {
    // Squares of numbers such as 1e300 would be infinite; a power of two changes no digit.
    let factor = magnitude::unit(numbers.iter().chain(targets).copied());
    let pairs: Vec<(f64, f64)> = numbers.iter().zip(targets).map(|(a, b)| (a * factor, b * factor)).collect();
    let unit = &card.target.name;
    let share = |name: &str, words: String, measure: Measure| Score {
        name: name.into(),
        words,
        value: bootstrap(&pairs, measure),
    };
    // What has the unit of the target.
    let score = |name: &str, words: String, measure: Measure| {
        let Interval { value, low, high } = bootstrap(&pairs, measure);
        let value = Interval { value: value / factor, low: low / factor, high: high / factor };
        Score { name: name.into(), words, value }
    };
    let mut scores = vec![
        score("rmse", format!("root mean squared error, in the unit of `{unit}`"), &|pairs| {
            mean(pairs.map(|(a, b)| (a - b).powi(2))).sqrt()
        }),
        score("mae", format!("mean absolute error, in the unit of `{unit}`"), &|pairs| {
            mean(pairs.map(|(a, b)| (a - b).abs()))
        }),
        share("r2", "share of the variance that is explained".into(), &|pairs| {
            let pairs: Vec<(f64, f64)> = pairs.collect();
            let middle = mean(pairs.iter().map(|pair| pair.1));
            1.0 - mean(pairs.iter().map(|(a, b)| (a - b).powi(2)))
                / mean(pairs.iter().map(|(_, b)| (b - middle).powi(2)))
        }),
    ];
    if card.loss == LossName::Quantile {
        let level = card.quantile;
        scores.push(score(
            "pinball",
            format!("mean pinball loss of the level {level}, in the unit of `{unit}`"),
            &|pairs| mean(pairs.map(|(a, b)| ((b - a) * level).max((b - a) * (level - 1.0)))),
        ));
        scores.push(share(
            "below",
            format!("share of rows at or below their prediction, which should be {level}"),
            &|pairs| mean(pairs.map(|(a, b)| f64::from(u8::from(b <= a)))),
        ));
    }
    if card.task == Task::Count {
        scores.push(score("deviance", "mean Poisson deviance".into(), &|pairs| {
            mean(pairs.map(|(a, b)| {
                let a = a.max(1e-12 * factor);
                2.0 * (if b > 0.0 { b * (b / a).ln() } else { 0.0 } - b + a)
            }))
        }));
    }
    Scores { rows: pairs.len(), scores, confusion: None, cells: vec![] }
}

fn of_classes(card: &Card, classes: &[usize], probabilities: Option<&[f64]>, targets: &[f64]) -> Scores {
    let levels = card.target.levels.len();
    let truth: Vec<usize> = targets.iter().map(|&target| target as usize).collect();
    let right = classes.iter().zip(&truth).filter(|(class, truth)| class == truth).count();
    let mut scores = vec![Score {
        name: "accuracy".into(),
        words: "share of rows put in the right class".into(),
        value: wilson(right, truth.len()),
    }];
    if let Some(probabilities) = probabilities {
        let pairs: Vec<(f64, f64)> =
            truth.iter().enumerate().map(|(row, &class)| (probabilities[row * levels + class], 0.0)).collect();
        scores.push(Score {
            name: "log-loss".into(),
            words: "mean of -ln of the probability of the right class".into(),
            value: bootstrap(&pairs, &|pairs| mean(pairs.map(|(p, _)| -p.max(1e-300).ln()))),
        });
        if levels == 2 {
            let pairs: Vec<(f64, f64)> =
                truth.iter().enumerate().map(|(row, &class)| (probabilities[row * 2 + 1], class as f64)).collect();
            scores.push(Score {
                name: "auc".into(),
                words: format!("share of pairs in which `{}` has the higher probability", card.target.levels[1]),
                value: bootstrap(&pairs, &|pairs| auc(pairs.collect())),
            });
        }
    }
    let confusion = confusion(levels, &truth, classes);
    scores.push(Score {
        name: "macro-f1".into(),
        words: "mean over classes of the harmonic mean of precision and recall".into(),
        value: {
            let pairs: Vec<(f64, f64)> =
                classes.iter().zip(&truth).map(|(&class, &truth)| (class as f64, truth as f64)).collect();
            bootstrap(&pairs, &|pairs| f1(levels, pairs))
        },
    });
    Scores { rows: truth.len(), scores, confusion: Some(confusion), cells: vec![] }
}

/// How often each class (a row) was taken for each (a column).
pub(super) fn confusion(levels: usize, truth: &[usize], classes: &[usize]) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; levels]; levels];
    for (&truth, &class) in truth.iter().zip(classes) {
        counts[truth][class] += 1;
    }
    counts
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    sum / count.max(1) as f64
}

fn f1(levels: usize, pairs: &mut dyn Iterator<Item = (f64, f64)>) -> f64 {
    let (mut right, mut said, mut there) = (vec![0.0; levels], vec![0.0; levels], vec![0.0; levels]);
    for (class, truth) in pairs {
        said[class as usize] += 1.0;
        there[truth as usize] += 1.0;
        if class == truth {
            right[class as usize] += 1.0;
        }
    }
    let each = (0..levels).filter(|&level| said[level] + there[level] > 0.0);
    mean(each.map(|level| 2.0 * right[level] / (said[level] + there[level])))
}

/// By ranks, ties halved.
fn auc(mut pairs: Vec<(f64, f64)>) -> f64 {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut start) = (0.0, 0);
    while start < pairs.len() {
        let end = pairs[start..].iter().take_while(|pair| pair.0 == pairs[start].0).count() + start;
        let rank = (start + end + 1) as f64 / 2.0;
        ranks += rank * pairs[start..end].iter().filter(|pair| pair.1 > 0.5).count() as f64;
        start = end;
    }
    let yes = pairs.iter().filter(|pair| pair.1 > 0.5).count() as f64;
    let no = pairs.len() as f64 - yes;
    (ranks - yes * (yes + 1.0) / 2.0) / (yes * no)
}

/// Wilson's interval of a share.
fn wilson(right: usize, rows: usize) -> Interval {
    let (n, p) = (rows.max(1) as f64, right as f64 / rows.max(1) as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Interval { value: p, low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// The percentiles of a measure over rows drawn again and again, the same each time.
fn bootstrap(pairs: &[(f64, f64)], measure: Measure) -> Interval {
    let value = measure(&mut pairs.iter().copied());
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut sampled: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let mut draws = (0..pairs.len()).map(|_| pairs[random.random_range(..pairs.len())]);
            measure(&mut draws)
        })
        // A sample of one class has no such measure.
        .filter(|value| value.is_finite())
        .collect();
    sampled.sort_by(f64::total_cmp);
    let at =
        |part: f64| sampled.get((part * (sampled.len().max(1) - 1) as f64).round() as usize).copied().unwrap_or(value);
    Interval { value, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_is_the_published_interval() {
        // Newcombe (1998), table I: 81 of 263 is 0.3080, 0.2553 to 0.3662.
        let Interval { value, low, high } = wilson(81, 263);
        for (found, expected) in [(value, 0.3080), (low, 0.2553), (high, 0.3662)] {
            assert!((found - expected).abs() < 5e-5, "{found} {expected}");
        }
    }

    #[test]
    fn auc_counts_pairs() {
        // Pairs of yes and no: 0.8 > 0.3, 0.8 > 0.5, 0.5 > 0.3, 0.5 = 0.5.
        assert_eq!(auc(vec![(0.8, 1.0), (0.3, 0.0), (0.5, 1.0), (0.5, 0.0)]), 3.5 / 4.0);
    }

    #[test]
    fn the_bootstrap_of_a_mean_is_as_wide_as_the_normal_one() {
        let pairs: Vec<(f64, f64)> = (0..400).map(|i| (f64::from(i % 20), 0.0)).collect();
        let Interval { value, low, high } = bootstrap(&pairs, &|pairs| mean(pairs.map(|pair| pair.0)));
        // Deviation of 0, 1, .., 19: 5.766; of the mean of 400: 0.288. A percentile of 1,000 samples is known to about a twentieth.
        assert_eq!(value, 9.5);
        for half in [value - low, high - value] {
            assert!((half / (Z * 0.2883) - 1.0).abs() < 0.15, "{half}");
        }
    }

    #[test]
    fn f1_is_the_harmonic_mean() {
        // Class 0: precision 1, recall 1/2; class 1: precision 1/2, recall 1.
        let pairs = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
        assert!((f1(2, &mut pairs.into_iter()) - 2.0 / 3.0).abs() < 1e-12);
    }
}
