//! Jets through operations that move, choose or sum elements.

use burn::tensor::Slice;

use super::{Carry, NONE};
use crate::trace::{Index, Layout, Mask, Op, Reduce, ValueId};

impl Carry<'_> {
    pub(super) fn layout(&mut self, layout: &Layout) -> ValueId {
        let (count, up) = (self.count(), |axes: &[usize]| axes.iter().map(|axis| axis + 1).collect::<Vec<_>>());
        let with_all = |slices: &[Slice]| [&[Slice::full()], slices].concat();
        let stacked = self.stacked();
        let moved = match layout {
            Layout::Cat { axis } => {
                let jets: Vec<ValueId> = (0..self.values.len()).map(|input| self.jet(input)).collect();
                return self.expansion.cat(&jets, axis + 1);
            }
            Layout::Assign(slices) => {
                let (x, value) = (self.jet(0), self.jet(1));
                return self.linear(Op::Layout(Layout::Assign(with_all(slices))), &[x, value]);
            }
            Layout::Expand(shape) => {
                // New axes are inserted in front, after that of the channels.
                let x = self.first();
                let own = self.expansion.shape(x)[1..].to_vec();
                let padded = [&[count], vec![1; shape.len() - own.len()].as_slice(), &own].concat();
                let x = self.expansion.reshape(x, &padded);
                return self.expansion.expand(x, &stacked);
            }
            Layout::Reshape(_) => Layout::Reshape(stacked),
            Layout::Permute(axes) => Layout::Permute([&[0], up(axes).as_slice()].concat()),
            Layout::Slice(slices) => Layout::Slice(with_all(slices)),
            Layout::Flip(axes) => Layout::Flip(up(axes)),
            Layout::Repeat { axis, times } => Layout::Repeat { axis: axis + 1, times: *times },
        };
        self.linear_of_first(Op::Layout(moved))
    }

    pub(super) fn reduce(&mut self, reduce: &Reduce) -> ValueId {
        let x = self.first();
        let rank = self.expansion.shape(x).len();
        let axes = match reduce {
            Reduce::Sum(axes) | Reduce::Mean(axes) => axes.iter().map(|axis| axis + 1).collect(),
            Reduce::SumAll | Reduce::MeanAll => (1..rank).collect(),
        };
        let sum = self.reduced(x, axes, matches!(reduce, Reduce::Mean(_) | Reduce::MeanAll));
        let stacked = self.stacked();
        self.expansion.reshape(sum, &stacked)
    }

    pub(super) fn index(&mut self, index: Index) -> Result<ValueId, &'static str> {
        match index {
            Index::Select { axis } => {
                let x = self.first();
                let inputs = [x, self.values[1]];
                Ok(self.linear(Op::Index(Index::Select { axis: axis + 1 }), &inputs))
            }
            Index::Gather { axis } => {
                let x = self.first();
                let places = self.on_all(self.values[1]);
                Ok(self.linear(Op::Index(Index::Gather { axis: axis + 1 }), &[x, places]))
            }
            _ => Err(NONE),
        }
    }

    /// Repeats a value without derivatives, such as indices or a mask, for all channels.
    fn on_all(&mut self, value: ValueId) -> ValueId {
        let shape = [&[self.count()], self.expansion.shape(value)].concat();
        let value = self.expansion.lift(value);
        self.expansion.expand(value, &shape)
    }

    pub(super) fn mask(&mut self, mask: Mask) -> ValueId {
        let x = self.first();
        let places = self.on_all(self.values[1]);
        match mask {
            Mask::Where => {
                let value = self.jet(2);
                self.linear(Op::Mask(Mask::Where), &[x, places, value])
            }
            Mask::Fill(number) => {
                let rank = self.shape.len() + 1;
                let value = self.expansion.number(number, rank, self.dtype);
                let value = self.at_rest(value);
                let stacked = self.stacked();
                let value = self.expansion.expand(value, &stacked);
                self.linear(Op::Mask(Mask::Where), &[x, places, value])
            }
        }
    }
}
