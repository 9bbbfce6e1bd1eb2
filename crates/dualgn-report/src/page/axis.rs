//! The axis of a chart: the range it spans, its ticks, and where on it a value lies.

/// How values are laid along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long; only positive values can be drawn.
    Log,
}

/// Beyond this magnitude (or its inverse, on a log axis) a value is not drawn: differences of such values overflow.
const LARGEST: f64 = 1e300;

/// Up to this many decades the twos and fives of a log axis carry labels too.
const DECADES_WITH_ALL_LABELS: f64 = 2.5;

/// Below this many decades a log axis has too few ones, twos and fives: its ticks are then evenly spaced.
const DECADES_WITH_EVEN_TICKS: f64 = 0.75;

/// About how many intervals labels make on an axis.
const INTERVALS: f64 = 5.0;

impl Scale {
    /// Whether `value` has a place on such an axis; false for everything that is not finite.
    pub(super) fn draws(self, value: f64) -> bool {
        match self {
            Scale::Linear => (-LARGEST..=LARGEST).contains(&value),
            Scale::Log => (1.0 / LARGEST..=LARGEST).contains(&value),
        }
    }
}

/// A grid line, with a label unless it is a minor one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: Option<String>,
}

/// A range with its ticks, which lie within it in increasing order.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
}

impl Axis {
    /// A linear axis from the smallest to the largest value, which need not be ticks.
    ///
    /// `None` when there is nothing to draw. With `whole`, ticks are whole numbers.
    pub(super) fn tight(values: impl Iterator<Item = f64>, whole: bool) -> Option<Axis> {
        let (low, high) = widened(Scale::Linear, range(Scale::Linear, values)?);
        let step = even_step(low, high, whole);
        Some(Axis { scale: Scale::Linear, low, high, ticks: even_ticks(low, high, step) })
    }

    /// An axis that ends at round numbers around the values; arguments as for [`Axis::tight`].
    pub(super) fn around(scale: Scale, values: impl Iterator<Item = f64>, whole: bool) -> Option<Axis> {
        let (low, high) = widened(scale, range(scale, values)?);
        let (low, high, ticks) = match scale {
            Scale::Log if (high / low).log10() > DECADES_WITH_EVEN_TICKS => log_ticks(low, high),
            _ => {
                let step = even_step(low, high, whole);
                let bottom = (low / step + 1e-9).floor() * step;
                // Zero has no place on a log axis: it then starts at the smallest value.
                let bottom = if scale.draws(bottom) { bottom } else { low };
                let top = (high / step - 1e-9).ceil() * step;
                (bottom, top, even_ticks(bottom, top, step))
            }
        };
        Some(Axis { scale, low, high, ticks })
    }

    /// The ticks in increasing order.
    pub(super) fn ticks(&self) -> &[Tick] {
        &self.ticks
    }

    /// Where a drawable value lies: 0 at the low end, 1 at the high end, outside of that beyond them.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        }
    }
}

/// The smallest and the largest value that can be drawn.
fn range(scale: Scale, values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|&value| scale.draws(value)).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// A range with some width: equal values get room on both sides.
fn widened(scale: Scale, (low, high): (f64, f64)) -> (f64, f64) {
    // Closer than this, rounding would show in the ticks.
    if high - low > 1e-9 * low.abs().max(high.abs()) {
        (low, high)
    } else if scale == Scale::Log {
        (low / 2.0, high * 2.0)
    } else if low == 0.0 {
        (0.0, 1.0)
    } else {
        (low - 0.1 * low.abs(), high + 0.1 * high.abs())
    }
}

/// The number of the form 1, 2 or 5 times a power of ten that makes about [`INTERVALS`] intervals.
fn even_step(low: f64, high: f64, whole: bool) -> f64 {
    let rough = (high - low) / INTERVALS;
    let power = 10f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|&step| step >= rough * 0.8)
        .unwrap_or(10.0 * power);
    if whole { nice.max(1.0) } else { nice }
}

/// The multiples of `step` from `low` to `high`.
fn even_ticks(low: f64, high: f64, step: f64) -> Vec<Tick> {
    // Tolerances, here and below, let an end that is a tick but for rounding be one.
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0) as usize;
    (0..=count)
        .map(|index| {
            let value = (first + index as f64) * step;
            Tick { value, label: Some(even_label(value, step)) }
        })
        .collect()
}

/// A multiple of `step` with the decimals that `step` has.
fn even_label(value: f64, step: f64) -> String {
    if value.abs() < step / 2.0 {
        return "0".into();
    }
    if value.abs() >= 1e7 || step < 1e-5 {
        let digits = (value.abs().log10().floor() - step.log10().floor()).max(0.0);
        return format!("{value:.*e}", digits as usize);
    }
    let decimals = (-(step.log10() + 1e-9).floor()).max(0.0);
    let text = format!("{value:.*}", decimals as usize);
    if decimals == 0.0 && value.abs() >= 1e4 {
        // A thin space that does not break keeps thousands apart.
        let split = text.len() - 3;
        format!("{}\u{202f}{}", &text[..split], &text[split..])
    } else {
        text
    }
}

/// Ends at ones, twos or fives around the range, and the ticks between.
fn log_ticks(low: f64, high: f64) -> (f64, f64, Vec<Tick>) {
    let candidates = || {
        let first = low.log10().floor() as i32 - 1;
        let last = high.log10().ceil() as i32 + 1;
        (first..=last).flat_map(|exponent| [1, 2, 5].map(|digit| (digit, exponent)))
    };
    let value = |(digit, exponent): (u32, i32)| f64::from(digit) * 10f64.powi(exponent);
    let bottom = candidates().map(value).rfind(|&tick| tick <= low * (1.0 + 1e-9)).unwrap_or(low);
    let top = candidates().map(value).find(|&tick| tick >= high * (1.0 - 1e-9)).unwrap_or(high);

    let inside: Vec<(u32, i32)> = candidates().filter(|&tick| (bottom..=top).contains(&value(tick))).collect();
    let plain = inside.iter().all(|(_, exponent)| (-3..=3).contains(exponent));
    let decades = (top / bottom).log10();
    let stride = (decades / (INTERVALS + 2.0)).ceil().max(1.0) as i32;
    let ticks = inside
        .into_iter()
        .filter(|&(digit, exponent)| stride == 1 || (digit == 1 && exponent.rem_euclid(stride) == 0))
        .map(|(digit, exponent)| Tick {
            value: value((digit, exponent)),
            label: (digit == 1 || decades <= DECADES_WITH_ALL_LABELS).then(|| log_label(digit, exponent, plain)),
        })
        .collect();
    (bottom, top, ticks)
}

/// `0.02` when `plain`, else `2×10⁻²`.
fn log_label(digit: u32, exponent: i32, plain: bool) -> String {
    if plain {
        let decimals = if exponent < 0 { exponent.unsigned_abs() } else { 0 };
        return format!("{:.*}", decimals as usize, f64::from(digit) * 10f64.powi(exponent));
    }
    let raised: String = exponent.to_string().chars().map(superscript).collect();
    if digit == 1 { format!("10{raised}") } else { format!("{digit}×10{raised}") }
}

fn superscript(character: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match character.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().filter_map(|tick| tick.label.as_deref()).collect()
    }

    /// Ranges of all magnitudes and widths, positive so that both scales can draw them.
    fn ranges() -> impl Iterator<Item = (f64, f64)> {
        let lows = [1e-290, 3e-12, 1e-3, 0.0712, 0.1, 1.0, 2.31, 97.0, 4321.0];
        let ratios = [1.0, 1.000001, 1.07, 1.9, 4.4, 5.7, 10.0, 73.0, 1e4, 3e9, 1e200];
        lows.into_iter().flat_map(move |low| ratios.map(|ratio| (low, low * ratio)))
    }

    #[test]
    fn axes_cover_the_values_with_sorted_ticks_inside() {
        for (low, high) in ranges() {
            for scale in [Scale::Linear, Scale::Log] {
                let axis = Axis::around(scale, [high, low].into_iter(), false).unwrap();
                let context = format!("{scale:?} {low}..{high}: {axis:?}");
                assert!(axis.position(low) > -1e-6, "{context}");
                assert!(axis.position(high) < 1.0 + 1e-6, "{context}");
                let values: Vec<f64> = axis.ticks().iter().map(|tick| tick.value).collect();
                assert!(values.is_sorted_by(|a, b| a < b), "{context}");
                for value in values {
                    assert!((-1e-6..1.0 + 1e-6).contains(&axis.position(value)), "{context}");
                }
                assert!((2..=10).contains(&labels(&axis).len()), "{context}");
            }
        }
    }

    #[test]
    fn linear_axes_end_at_ticks() {
        for (low, high) in ranges() {
            let axis = Axis::around(Scale::Linear, [low, high].into_iter(), false).unwrap();
            let (first, last) = (&axis.ticks()[0], &axis.ticks()[axis.ticks().len() - 1]);
            assert!(axis.position(first.value).abs() < 1e-6, "{axis:?}");
            assert!((axis.position(last.value) - 1.0).abs() < 1e-6, "{axis:?}");
        }
    }

    #[test]
    fn labels_are_round_numbers() {
        let around = |scale, values: [f64; 2]| Axis::around(scale, values.into_iter(), false).unwrap();
        assert_eq!(labels(&around(Scale::Linear, [0.0, 93.0])), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(&around(Scale::Log, [0.06, 2.4])), ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]);
        assert_eq!(labels(&around(Scale::Log, [2e-7, 0.9e-3])), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "10⁻³"]);
        assert_eq!(labels(&around(Scale::Log, [0.31, 0.39])), ["0.30", "0.32", "0.34", "0.36", "0.38", "0.40"]);
    }

    #[test]
    fn whole_ticks_stay_whole() {
        let axis = Axis::tight([0.0, 3.0].into_iter(), true).unwrap();
        assert_eq!(labels(&axis), ["0", "1", "2", "3"]);
    }

    #[test]
    fn nothing_to_draw_gives_no_axis() {
        let values = [f64::NAN, f64::INFINITY, -1.0, 0.0];
        assert!(Axis::around(Scale::Log, values.into_iter(), false).is_none());
        assert!(Axis::tight([f64::NAN].into_iter(), false).is_none());
        assert!(Axis::tight([f64::MAX, -f64::MAX].into_iter(), false).is_none());
    }
}
