//! [`Axis`]: where a window stands as it moves along one axis of an image.

/// One spatial axis of a convolution or a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Length of the image.
    pub input: usize,
    /// Positions of the window.
    pub output: usize,
    /// Entries of the window.
    pub kernel: usize,
    /// From a position to the next.
    pub stride: usize,
    /// From an entry of the window to the next.
    pub dilation: usize,
    /// What is not there before the first entry of the image.
    pub padding: usize,
}

impl Axis {
    /// An axis that an image does not have.
    pub const MISSING: Self = Self { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, padding: 0 };

    /// With padding before and after; `None` if the window is longer than all that.
    pub fn new(input: usize, kernel: usize, stride: usize, dilation: usize, padding: (usize, usize)) -> Option<Self> {
        let (before, after) = padding;
        let room = (input + before + after).checked_sub(dilation * (kernel - 1) + 1)?;
        Some(Self { input, output: room / stride + 1, kernel, stride, dilation, padding: before })
    }

    /// The positions, from one to before another, at which an entry of the window lies in the image; and where it lies at the
    /// first.
    pub fn met(&self, entry: usize) -> (usize, usize, usize) {
        let shift = entry * self.dilation;
        let start = self.padding.saturating_sub(shift).div_ceil(self.stride);
        let end = (self.input + self.padding).saturating_sub(shift).div_ceil(self.stride).min(self.output);
        (start, end.max(start), (start * self.stride + shift).saturating_sub(self.padding))
    }
}
