//! [`Axis`]: the positions of a window that moves along one axis of an image.

/// One spatial axis of a convolution or a pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Length of the image.
    pub input: usize,
    /// Number of positions of the window.
    pub output: usize,
    /// Number of entries of the window.
    pub kernel: usize,
    /// Distance between neighbouring positions.
    pub stride: usize,
    /// Distance between neighbouring entries of the window.
    pub dilation: usize,
    /// Padding before the first entry of the image.
    pub padding: usize,
}

impl Axis {
    /// An axis of length one, for images of lower dimension.
    pub(super) const MISSING: Self = Self { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, padding: 0 };

    /// An axis with padding before and after; `None` if the window is longer than the padded image.
    pub(super) fn new(
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: (usize, usize),
    ) -> Option<Self> {
        let (before, after) = padding;
        let room = (input + before + after).checked_sub(dilation * (kernel - 1) + 1)?;
        Some(Self { input, output: room / stride + 1, kernel, stride, dilation, padding: before })
    }

    /// The range of positions at which an entry of the window lies inside the image, and the index in the image at the
    /// first of them.
    pub(super) fn met(&self, entry: usize) -> (usize, usize, usize) {
        let shift = entry * self.dilation;
        let start = self.padding.saturating_sub(shift).div_ceil(self.stride);
        let end = (self.input + self.padding).saturating_sub(shift).div_ceil(self.stride).min(self.output);
        (start, end.max(start), (start * self.stride + shift).saturating_sub(self.padding))
    }
}
