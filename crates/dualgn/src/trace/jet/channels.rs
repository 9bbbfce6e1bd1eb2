//! [`Channels`]: the derivatives that a jet carries, and their rules for products and for functions of one variable.
//!
//! A derivative is identified by the multiset of its directions, since derivatives commute: `{}` is the value, `{0}`
//! the slope along direction 0, `{0, 1}` a mixed second derivative. A channel is one derivative, or a weighted sum of
//! several of one order, such as a Laplacian `{0, 0} + {1, 1}`, whose summands need no channels of their own.
//!
//! ```text
//! product      (a b)_S  = Σ_{T ⊆ S} a_T b_{S∖T}                          (Leibniz)
//! function     φ(x)_S   = Σ_{π partition of S} φ^(|π|)(x) Π_{B ∈ π} x_B   (Faà di Bruno)
//! ```
//!
//! In a sum of derivatives only `a_S b_{} + a_{} b_S` and `φ'(x) x_S` involve derivatives of the order of the sum, and
//! these are the channel itself; all other terms are of lower order. So a Laplacian takes one channel in addition to
//! the slopes.

use std::collections::BTreeMap;

/// Directions a derivative is taken along, ascending.
pub(crate) type Multiset = Vec<usize>;

/// A derivative, or a weighted sum of derivatives of one order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Channel(pub Vec<(f64, Multiset)>);

impl Channel {
    /// One derivative.
    pub(crate) fn single(mut directions: Multiset) -> Self {
        directions.sort_unstable();
        Self(vec![(1.0, directions)])
    }

    /// The directions, if the channel is a single derivative.
    fn as_single(&self) -> Option<&Multiset> {
        match self.0.as_slice() {
            [(weight, directions)] if *weight == 1.0 => Some(directions),
            _ => None,
        }
    }

    fn order(&self) -> usize {
        self.0.iter().map(|(_, directions)| directions.len()).max().unwrap_or(0)
    }
}

/// `factor · a_left · b_right` as a part of channel `to` of a product `a b`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub to: usize,
    pub left: usize,
    pub right: usize,
    pub factor: f64,
}

/// `factor · φ^(order)(x) Π x_i` as a part of channel `to` of a function `φ(x)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    pub to: usize,
    pub order: usize,
    pub factors: Vec<usize>,
    pub factor: f64,
}

/// The channels of a jet; the first is the value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Channels {
    list: Vec<Channel>,
    /// The products of Leibniz' rule.
    pub product: Vec<Pair>,
    /// The products of Faà di Bruno's rule, without those of channel 0.
    pub function: Vec<Chain>,
}

impl Channels {
    /// The channels that the wanted ones need.
    pub(crate) fn new<'a>(wanted: impl IntoIterator<Item = &'a Channel>) -> Self {
        let mut singles = vec![vec![]];
        let mut sums: Vec<Channel> = vec![];
        for channel in wanted {
            match channel.as_single() {
                Some(directions) => singles.extend(subsets(directions).map(|(part, _)| part)),
                None => {
                    for (_, directions) in &channel.0 {
                        singles.extend(subsets(directions).map(|(part, _)| part).filter(|part| part != directions));
                    }
                    if !sums.contains(channel) {
                        sums.push(channel.clone());
                    }
                }
            }
        }
        singles.sort_by(|a, b| a.len().cmp(&b.len()).then(a.cmp(b)));
        singles.dedup();
        // A sum needs no channel if all of its terms have channels.
        sums.retain(|sum| !sum.0.iter().all(|(_, directions)| singles.contains(directions)));
        let list: Vec<Channel> = singles.into_iter().map(Channel::single).chain(sums).collect();
        let (mut pairs, mut chains) = (BTreeMap::new(), BTreeMap::new());
        let index = |directions: &Multiset| position(&list, directions).expect("closed under taking parts");
        for (to, channel) in list.iter().enumerate() {
            for (left, right) in [(to, 0), (0, to)] {
                pairs.insert((to, left, right), 1.0);
            }
            if to > 0 {
                chains.insert((to, 1, vec![to]), 1.0);
            }
            for (weight, directions) in &channel.0 {
                for (part, rest) in subsets(directions).filter(|(part, rest)| !part.is_empty() && !rest.is_empty()) {
                    *pairs.entry((to, index(&part), index(&rest))).or_default() += weight;
                }
                for partition in partitions(directions).into_iter().filter(|partition| partition.len() > 1) {
                    let mut factors: Vec<usize> = partition.iter().map(&index).collect();
                    factors.sort_unstable();
                    *chains.entry((to, factors.len(), factors)).or_default() += weight;
                }
            }
        }
        let product = pairs.into_iter().map(|((to, left, right), factor)| Pair { to, left, right, factor }).collect();
        let function =
            chains.into_iter().map(|((to, order, factors), factor)| Chain { to, order, factors, factor }).collect();
        Self { list, product, function }
    }

    /// The number of channels.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The highest order of a derivative.
    pub(crate) fn order(&self) -> usize {
        self.list.iter().map(Channel::order).max().unwrap_or(0)
    }

    /// The directions of a channel that is a single derivative.
    pub(crate) fn single(&self, index: usize) -> Option<&Multiset> {
        self.list[index].as_single()
    }

    /// The channels, with weights, of which a wanted channel is the sum.
    pub(crate) fn of(&self, wanted: &Channel) -> Vec<(f64, usize)> {
        match self.list.iter().position(|channel| channel == wanted) {
            Some(index) => vec![(1.0, index)],
            None => {
                let one = |(weight, directions): &(f64, Multiset)| {
                    (*weight, position(&self.list, directions).expect("made for what is wanted"))
                };
                wanted.0.iter().map(one).collect()
            }
        }
    }
}

fn position(list: &[Channel], directions: &Multiset) -> Option<usize> {
    list.iter().position(|channel| channel.as_single() == Some(directions))
}

/// All subsets of a multiset whose elements are distinguished, each with its complement.
fn subsets(directions: &[usize]) -> impl Iterator<Item = (Multiset, Multiset)> {
    (0..1usize << directions.len()).map(move |mask| {
        let chosen = |wanted: bool| {
            let of = |(index, direction): (usize, &usize)| ((mask >> index & 1 == 1) == wanted).then_some(*direction);
            directions.iter().enumerate().filter_map(of).collect()
        };
        (chosen(true), chosen(false))
    })
}

/// All partitions of a multiset whose elements are distinguished.
fn partitions(directions: &[usize]) -> Vec<Vec<Multiset>> {
    let Some((&last, rest)) = directions.split_last() else { return vec![vec![]] };
    let mut all = vec![];
    for partition in partitions(rest) {
        for index in 0..partition.len() {
            let mut larger = partition.clone();
            larger[index].push(last);
            all.push(larger);
        }
        all.push([partition.as_slice(), &[vec![last]]].concat());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laplacian(axes: usize) -> Channel {
        Channel((0..axes).map(|axis| (1.0, vec![axis; 2])).collect())
    }

    #[test]
    fn a_laplacian_is_one_channel_beside_the_slopes() {
        let channels = Channels::new([&laplacian(3)]);
        assert_eq!(channels.len(), 1 + 3 + 1);
        assert_eq!(channels.of(&laplacian(3)), [(1.0, 4)]);
        let squares = |index| Chain { to: 4, order: 2, factors: vec![index; 2], factor: 1.0 };
        for index in 1..=3 {
            assert!(channels.function.contains(&squares(index)));
            assert!(channels.product.contains(&Pair { to: 4, left: index, right: index, factor: 2.0 }));
        }
    }

    #[test]
    fn sums_of_what_is_there_take_no_channel() {
        let seconds: Vec<Channel> = [[0, 0], [0, 1], [1, 1]].map(|axes| Channel::single(axes.to_vec())).into();
        let channels = Channels::new(seconds.iter().chain([&laplacian(2)]));
        assert_eq!(channels.len(), 6);
        assert_eq!(channels.of(&laplacian(2)), [(1.0, 3), (1.0, 5)]);
    }

    /// The coefficients of the fourth derivative of a function of one variable, from a table of Faà di Bruno's formula.
    #[test]
    fn the_fourth_derivative_has_bells_coefficients() {
        let channels = Channels::new([&Channel::single(vec![0; 4])]);
        let factor = |factors: &[usize]| {
            channels.function.iter().find(|chain| chain.to == 4 && chain.factors == factors).map(|chain| chain.factor)
        };
        assert_eq!(factor(&[4]), Some(1.0));
        assert_eq!(factor(&[1, 3]), Some(4.0));
        assert_eq!(factor(&[2, 2]), Some(3.0));
        assert_eq!(factor(&[1, 1, 2]), Some(6.0));
        assert_eq!(factor(&[1, 1, 1, 1]), Some(1.0));
        assert_eq!(channels.function.iter().filter(|chain| chain.to == 4).count(), 5);
    }
}
