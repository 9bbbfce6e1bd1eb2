//! [`Rate`]: a learning rate, and what it was chosen of.

use crate::method::Method;
use crate::record::Trial;

/// A learning rate, and what it was chosen of.
#[derive(Clone, Debug)]
pub struct Rate {
    /// The rate.
    pub rate: f64,
    /// The trials, best first; none if the rate was given, or there is one alone.
    pub trials: Vec<Trial>,
    /// How it came about, in words.
    pub words: String,
}

impl Rate {
    /// Returns a rate that needs no trials: the one that is given, or the only one of a method.
    pub fn without_trials(method: Method, given: Option<f64>) -> Option<Self> {
        let rate = given.or((method.rates.len() == 1).then(|| method.rates[0]))?;
        Some(Self { rate, trials: vec![], words: format!("rate {rate}") })
    }

    /// Returns the rate whose trial ended with the lowest training loss, or the first of a method if there were no trials.
    pub fn best(method: Method, mut trials: Vec<Trial>) -> Self {
        // Diverged ones come last.
        let badness = |trial: &Trial| trial.train_loss.unwrap_or(f64::INFINITY);
        trials.sort_by(|a, b| badness(a).total_cmp(&badness(b)));
        let rate = trials.first().map_or(method.rates[0], |trial| trial.learning_rate);
        let words = format!("rate {rate}, chosen of {}", trials.len());
        trials.retain(|trial| trial.train_loss.is_some() || trial.learning_rate != rate);
        Self { rate, trials, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::ALL;

    fn adam() -> Method {
        Method::named("adam").unwrap()
    }

    #[test]
    fn the_lowest_loss_wins_and_diverged_trials_come_last() {
        let trial = |learning_rate: f64, train_loss: Option<f64>| Trial { learning_rate, train_loss };
        let rate = Rate::best(adam(), vec![trial(0.1, None), trial(0.03, Some(0.5)), trial(0.01, Some(0.2))]);
        assert_eq!((rate.rate, rate.words.as_str()), (0.01, "rate 0.01, chosen of 3"));
        assert!(rate.trials.iter().map(|trial| trial.learning_rate).eq([0.01, 0.03, 0.1]));
        // If all diverge the first is taken, and the report does not call it the best of them.
        let rate = Rate::best(adam(), vec![trial(0.1, None), trial(0.03, None)]);
        assert_eq!((rate.rate, rate.trials.len()), (0.1, 1));
        assert_eq!(Rate::best(adam(), vec![]).rate, adam().rates[0]);
    }

    #[test]
    fn one_rate_needs_no_trials() {
        assert_eq!(Rate::without_trials(adam(), Some(0.7)).unwrap().words, "rate 0.7");
        for method in ALL {
            let rate = Rate::without_trials(method, None).map(|rate| rate.rate);
            assert_eq!(rate, if let [only] = method.rates { Some(*only) } else { None }, "{}", method.name);
        }
    }
}
