//! Deformable convolution: samples between pixels, then a product with the weight.

use burn::backend::ir::DeformConv2dOpIr;

use super::Scope;
use crate::tensor::Array;

impl Scope {
    /// Dai et al. 2017: each tap of the kernel reads at an offset of its own, between four pixels.
    pub(super) fn deformable(&mut self, ir: &DeformConv2dOpIr) -> Array {
        let (x, offset, weight) = (self.read(&ir.x), self.read(&ir.offset), self.read(&ir.weight));
        let mask = ir.mask.as_ref().map(|mask| self.read(mask));
        let bias = ir.bias.as_ref().map(|bias| self.read(bias));
        let options = &ir.options;
        let [m, channels, height, width] = [0, 1, 2, 3].map(|axis| ir.x.shape[axis]);
        let [out_channels, _, rows, columns] = [0, 1, 2, 3].map(|axis| ir.weight.shape[axis]);
        let (out_height, out_width) = (ir.out.shape[2], ir.out.shape[3]);
        let (taps, places) = (rows * columns, out_height * out_width);
        let (groups, dtype) = (options.offset_groups, ir.x.dtype);
        let (in_group, int) = (channels / groups, self.device.settings().int_dtype.into());

        // Where each tap stands before its offset: [1, 1, taps, places].
        let grid = |axis: usize| {
            let start = |tap: usize, place: usize| {
                let (tap, place) =
                    if axis == 0 { (tap / columns, place / out_width) } else { (tap % columns, place % out_width) };
                (place * options.stride[axis] + tap * options.dilation[axis]) as f64 - options.padding[axis] as f64
            };
            let values: Vec<f64> = (0..taps).flat_map(|t| (0..places).map(move |p| start(t, p))).collect();
            Array::from_f64(&values, &[1, 1, taps, places], dtype, &self.device)
        };
        let offset = offset.reshape(&[m, groups, taps, 2, places]);
        let at =
            |axis: usize| offset.clone().narrow(3, axis, axis + 1).reshape(&[m, groups, taps, places]).add(grid(axis));
        let (y, x_at) = (at(0), at(1));
        let (top, left) = (y.clone().floor(), x_at.clone().floor());
        let (down, right) = (y.sub(top.clone()), x_at.sub(left.clone()));
        let pixels = x.reshape(&[m, groups, in_group, height * width]);
        let read = |step_y: f64, step_x: f64, part: Array| {
            let (y, x) = (top.clone().add_scalar(step_y), left.clone().add_scalar(step_x));
            let inside = |at: &Array, length: usize| {
                let limit = (length - 1) as f64;
                // 1 where clamping changes nothing.
                at.clone().clamp(0.0, limit).sub(at.clone()).zero_marks()
            };
            let part = part.mul(inside(&y, height)).mul(inside(&x, width));
            let y = y.clamp(0.0, (height - 1) as f64);
            let place = y.scale(width as f64).add(x.clamp(0.0, (width - 1) as f64)).convert(int);
            let place = place.reshape(&[m, groups, 1, taps * places]).expand(&[m, groups, in_group, taps * places]);
            pixels.clone().gather(3, place).mul(part.reshape(&[m, groups, 1, taps * places]))
        };
        let rest = |share: &Array| share.clone().neg().add_scalar(1.0);
        let mut columns = read(0.0, 0.0, rest(&down).mul(rest(&right)))
            .add(read(0.0, 1.0, rest(&down).mul(right.clone())))
            .add(read(1.0, 0.0, down.clone().mul(rest(&right))))
            .add(read(1.0, 1.0, down.clone().mul(right.clone())));
        if let Some(mask) = mask {
            columns = columns.mul(mask.reshape(&[m, groups, 1, taps * places]));
        }
        let parts = options.weight_groups;
        let columns = columns.reshape(&[m, parts, channels / parts * taps, places]);
        let weight = weight.reshape(&[1, parts, out_channels / parts, channels / parts * taps]);
        let output = weight.matmul(columns).reshape(&ir.out.shape.to_vec());
        match bias {
            Some(bias) => output.add(bias.reshape(&[1, out_channels, 1, 1])),
            None => output,
        }
    }
}
