//! [`Room`]: what memory leaves for a network, counted before any of it is taken.

/// Copies of the parameters that a command may hold at once: the weights, those of a step and of a trial of it, its direction, momentum or
/// moments, the best weights, a checkpoint and its bytes. Most were measured in `fit`: 17, with what the allocator keeps.
const COPIES: u64 = 16;
/// Copies of what an example becomes between the layers: the values, which derivatives need, and a derivative by them.
const PASSES: u64 = 2;

/// What memory leaves for a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Bytes in all.
    budget: u64,
    /// Bytes of a number.
    width: u64,
    parameters: u64,
    /// Numbers that an example becomes between the layers.
    values: u64,
}

impl Room {
    /// Of so many bytes, for numbers of `width` bytes.
    pub(crate) fn new(budget: u64, width: u64) -> Self {
        Self { budget, width, parameters: 0, values: 0 }
    }

    /// Counts an array of parameters.
    ///
    /// # Errors
    /// There is no room for it; what that means, as a clause.
    pub(crate) fn take(&mut self, shape: &[usize]) -> Result<(), String> {
        self.parameters = self.parameters.saturating_add(product(shape));
        self.fits(self.parameters, COPIES).map_err(|needed| {
            let (count, budget) = (self.parameters, mib(self.budget));
            format!("with it the network has {count} parameters, which take {needed} while it is trained or used; {budget} are left for it")
        })
    }

    /// Counts what one example becomes.
    ///
    /// # Errors
    /// There is no room for it; what that means, as a clause.
    pub(crate) fn pass(&mut self, shape: &[usize]) -> Result<(), String> {
        self.values = self.values.saturating_add(product(shape));
        self.fits(self.values, PASSES).map_err(|needed| {
            let (count, budget) = (self.values, mib(self.budget));
            format!("an example becomes {count} numbers up to here, which take {needed}; {budget} are left for them")
        })
    }

    /// Whether there is room for copies of some numbers; or what they take, in words.
    fn fits(&self, numbers: u64, copies: u64) -> Result<(), String> {
        let needed = numbers.saturating_mul(self.width * copies);
        if needed <= self.budget { Ok(()) } else { Err(mib(needed)) }
    }

    /// Numbers that an example becomes between the layers.
    pub(crate) fn values(self) -> u64 {
        self.values
    }
}

/// Bytes that some examples take on their way through a network, at least.
pub fn bytes_of(examples: usize, values: u64) -> u64 {
    values.saturating_mul(4 * PASSES).saturating_mul(examples as u64)
}

/// Bytes in words.
pub fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn product(shape: &[usize]) -> u64 {
    shape.iter().fold(1, |product: u64, &dim| product.saturating_mul(dim as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_until_there_is_no_room() {
        // 16 copies of 4 bytes: 16 parameters in a KiB.
        let mut room = Room::new(1 << 10, 4);
        assert_eq!((room.take(&[3, 4]), room.take(&[4])), (Ok(()), Ok(())));
        assert!(room.take(&[1]).unwrap_err().contains("has 17 parameters"));
        let mut room = Room::new(u64::MAX - 1, 4);
        assert!(room.take(&[usize::MAX, usize::MAX]).is_err());
        assert!(Room::new(1 << 10, 8).pass(&[65]).is_err());
    }
}
