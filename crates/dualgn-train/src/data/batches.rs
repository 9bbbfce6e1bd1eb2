//! [`Batches`]: which examples make the next batch, in a random order that a seed fixes.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::error::DataError;

/// An endless sequence of batches: each epoch goes through the examples once, in a fresh random order.
///
/// Only full batches: when fewer examples are left than a batch needs, they are dropped and the next epoch begins. The
/// order of an epoch depends on the seed and on its number alone, and is the same on every machine: indices below 2^32 are
/// drawn from 32 bits of the ChaCha8 stream, whatever the size of `usize`. A model knows its test rows and a run its next
/// batch by this order alone, so that it must not change with a new version of `rand`, as a test says.
#[derive(Debug, Clone)]
pub struct Batches {
    /// Of the generator; each epoch has a stream of its own.
    key: [u8; 32],
    epoch: u64,
    /// A permutation of the examples.
    order: Vec<usize>,
    /// Examples of `order` that were used in this epoch.
    used: usize,
    batch: usize,
}

impl Batches {
    /// Batches of `batch` out of `examples` examples; all of them in each batch when `batch` is larger.
    ///
    /// # Errors
    /// `examples` or `batch` is 0.
    pub fn new(examples: usize, batch: usize, seed: u64) -> Result<Self, DataError> {
        if examples == 0 || batch == 0 {
            return Err(DataError::Batch { examples, batch });
        }
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut batches = Self { key, epoch: 0, order: (0..examples).collect(), used: 0, batch: batch.min(examples) };
        batches.shuffle();
        Ok(batches)
    }

    /// Full batches in one epoch, at least 1.
    pub fn per_epoch(&self) -> usize {
        self.order.len() / self.batch
    }

    /// The examples of the next batch, all different.
    pub fn next_batch(&mut self) -> &[usize] {
        if self.order.len() - self.used < self.batch {
            self.epoch += 1;
            self.used = 0;
            self.shuffle();
        }
        let start = self.used;
        self.used += self.batch;
        &self.order[start..self.used]
    }

    /// Goes on to where it is after so many batches.
    pub fn skip(&mut self, batches: usize) {
        let per_epoch = self.per_epoch();
        // A full epoch is left by the next batch, not by its own last one.
        self.epoch = (batches.saturating_sub(1) / per_epoch) as u64;
        self.used = (batches - self.epoch as usize * per_epoch) * self.batch;
        self.shuffle();
    }

    /// Makes `order` the permutation of this epoch, from the identity.
    fn shuffle(&mut self) {
        let mut random = ChaCha8Rng::from_seed(self.key);
        random.set_stream(self.epoch);
        for (index, entry) in self.order.iter_mut().enumerate() {
            *entry = index;
        }
        self.order.shuffle(&mut random);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(batches: &mut Batches) -> Vec<usize> {
        (0..batches.per_epoch()).flat_map(|_| batches.next_batch().to_vec()).collect()
    }

    fn sorted(mut indices: Vec<usize>) -> Vec<usize> {
        indices.sort_unstable();
        indices
    }

    #[test]
    fn an_epoch_visits_every_example_once() {
        let mut batches = Batches::new(12, 4, 0).unwrap();
        assert_eq!(batches.per_epoch(), 3);
        let (first, second) = (epoch(&mut batches), epoch(&mut batches));
        assert_ne!(first, second, "a fresh order each epoch");
        assert_eq!(sorted(first), (0..12).collect::<Vec<_>>());
        assert_eq!(sorted(second), (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn an_incomplete_batch_is_dropped() {
        let mut batches = Batches::new(11, 4, 3).unwrap();
        assert_eq!(batches.per_epoch(), 2);
        for _ in 0..20 {
            let mut seen = sorted(epoch(&mut batches));
            seen.dedup();
            assert_eq!(seen.len(), 8);
        }
    }

    #[test]
    fn every_example_is_seen_over_some_epochs() {
        let mut batches = Batches::new(11, 4, 3).unwrap();
        let mut seen: Vec<_> = (0..20).flat_map(|_| epoch(&mut batches)).collect();
        seen = sorted(seen);
        seen.dedup();
        assert_eq!(seen.len(), 11);
    }

    #[test]
    fn a_batch_of_all_examples_or_more_is_all_of_them() {
        for batch in [5, 6, usize::MAX] {
            let mut batches = Batches::new(5, batch, 0).unwrap();
            assert_eq!(batches.per_epoch(), 1);
            for _ in 0..3 {
                assert_eq!(sorted(batches.next_batch().to_vec()), [0, 1, 2, 3, 4]);
            }
        }
        assert_eq!(Batches::new(1, 1, 0).unwrap().next_batch(), [0]);
    }

    #[test]
    fn the_seed_fixes_the_sequence() {
        let draw = |seed| {
            let mut batches = Batches::new(100, 7, seed).unwrap();
            (0..50).map(|_| batches.next_batch().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    /// Recorded once: a change means that runs of other versions or machines cannot be repeated, and that models of tables are
    /// tested on rows that they were trained on.
    #[test]
    fn the_sequence_is_the_recorded_one() {
        let mut batches = Batches::new(10, 5, 0).unwrap();
        let drawn: Vec<_> = (0..3).map(|_| batches.next_batch().to_vec()).collect();
        assert_eq!(drawn, [[3, 8, 6, 7, 1], [0, 5, 9, 2, 4], [0, 5, 6, 7, 9]]);
    }

    #[test]
    fn skipping_leads_where_drawing_does() {
        for count in 0..9 {
            let (mut drawn, mut skipped) = (Batches::new(10, 3, 5).unwrap(), Batches::new(10, 3, 5).unwrap());
            (0..count).for_each(|_| drop(drawn.next_batch().to_vec()));
            skipped.skip(count);
            for _ in 0..7 {
                assert_eq!(drawn.next_batch(), skipped.next_batch(), "{count}");
            }
        }
    }

    #[test]
    fn orders_are_uniform() {
        // 6 orders of 3 examples in 6000 epochs: 1000 each with deviation 29; five deviations are allowed.
        let mut batches = Batches::new(3, 3, 0).unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            *counts.entry(batches.next_batch().to_vec()).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (count - 1000).abs() < 145), "{counts:?}");
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        for (examples, batch) in [(0, 4), (4, 0)] {
            assert_eq!(
                Batches::new(examples, batch, 0).unwrap_err().to_string(),
                format!("examples and batch size should both be at least 1, got {examples} and {batch}")
            );
        }
    }
}
