//! Charts are parsed as XML and looked at through their elements.

use super::*;

const STEPS: Quantity = Quantity { name: "steps", unit: "", scale: Scale::Linear, whole: true };
const LOSS: Quantity = Quantity { name: "loss", unit: "", scale: Scale::Log, whole: false };

fn series(name: &str, style: usize, heights: impl IntoIterator<Item = f64>) -> Series<'_> {
    let points = heights.into_iter().enumerate().map(|(x, y)| (x as f64, y)).collect();
    Series { name, style, points, diverged: false }
}

fn chart(series: Vec<Series<'_>>) -> Chart<'_> {
    Chart { id: "test", x: STEPS, y: LOSS, series, target: None }
}

/// Calls `look` with the parsed chart, after the checks that hold for every chart.
fn with_svg(chart: &Chart, look: impl FnOnce(&roxmltree::Document)) {
    let text = chart.svg().into_string();
    for bad in ["NaN", "nan", "inf"] {
        assert!(!text.contains(bad), "{bad} in {text}");
    }
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert!(root.attribute("aria-label").is_some_and(|label| !label.is_empty()));
    look(&document);
}

fn elements<'d>(document: &'d roxmltree::Document, tag: &str, class: &str) -> Vec<roxmltree::Node<'d, 'd>> {
    document
        .descendants()
        .filter(|node| node.has_tag_name(tag))
        .filter(|node| node.attribute("class").unwrap_or("").split(' ').any(|word| word == class) || class.is_empty())
        .collect()
}

#[test]
fn draws_a_line_markers_and_tooltips_for_each_series() {
    let chart = chart(vec![
        series("sgd", 0, (0..50).map(|i| 1.0 / f64::from(i + 1))),
        series("adam", 1, (0..50).map(|i| 0.5 / f64::from(i + 1))),
    ]);
    with_svg(&chart, |document| {
        // One in the legend and one in the plot for each.
        assert_eq!(elements(document, "path", "line").len(), 4);
        assert!(elements(document, "path", "marker").len() > 6);
        let titles = elements(document, "title", "");
        assert_eq!(titles.len(), 100);
        let text: String = titles[0].children().filter_map(|node| node.text()).collect();
        assert_eq!(text, "sgd: 1.000 at 0 steps");
    });
}

#[test]
fn awkward_series_are_drawn_as_far_as_they_go() {
    let zero_and_worse = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX];
    for (heights, drawn) in [
        (vec![], 0),
        (vec![0.3], 1),
        (vec![0.3; 7], 7),
        (zero_and_worse.to_vec(), 0),
        ([&[2.0, 1.0], &zero_and_worse[..]].concat(), 2),
        (vec![1e-299, 1e299], 2),
    ] {
        for scale in [Scale::Linear, Scale::Log] {
            for diverged in [false, true] {
                let mut chart = chart(vec![series("sgd", 0, heights.clone())]);
                chart.y.scale = scale;
                chart.series[0].diverged = diverged;
                with_svg(&chart, |document| {
                    let points = elements(document, "circle", "").len();
                    // The last value of a diverged run may lie above the chart.
                    if scale == Scale::Log && !diverged {
                        assert_eq!(points, drawn, "{heights:?}");
                        assert_eq!(chart.skipped(), heights.len() - drawn);
                    }
                });
            }
        }
    }
    with_svg(&chart(vec![]), |document| assert!(elements(document, "circle", "").is_empty()));
}

#[test]
fn names_are_escaped() {
    let name = "<script>alert('&')</script>";
    with_svg(&chart(vec![series(name, 0, [1.0, 2.0])]), |document| {
        assert!(elements(document, "script", "").is_empty());
        assert!(elements(document, "text", "legend").iter().any(|text| text.text() == Some(name)));
    });
}

#[test]
fn everything_lies_within_the_view_box() {
    let long = "a-method-with-quite-a-long-name";
    let mut chart = chart((0..9).map(|style| series(long, style, [1e-7, 3.0, 1e4])).collect());
    chart.series[4].points.push((3.0, 1e80));
    chart.series[4].diverged = true;
    chart.target = Some(0.1);
    with_svg(&chart, |document| {
        let view_box = document.root_element().attribute("viewBox").unwrap();
        let height: f64 = view_box.rsplit(' ').next().unwrap().parse().unwrap();
        for (tag, x, y) in [("circle", "cx", "cy"), ("text", "x", "y"), ("line", "x1", "y1"), ("line", "x2", "y2")] {
            for node in elements(document, tag, "") {
                let x: f64 = node.attribute(x).unwrap().parse().unwrap();
                let y: f64 = node.attribute(y).unwrap().parse().unwrap();
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=height).contains(&y), "{node:?}");
            }
        }
        for text in elements(document, "text", "legend") {
            let x: f64 = text.attribute("x").unwrap().parse().unwrap();
            let width = CHARACTER * text.text().unwrap().chars().count() as f64;
            assert!(x + width <= WIDTH, "{text:?}");
        }
    });
}

#[test]
fn a_diverged_run_does_not_squeeze_the_others() {
    let mut chart = chart(vec![series("adam", 0, [1.0, 0.1]), series("sgd", 1, [1.0, 30.0, 1e30])]);
    chart.series[1].diverged = true;
    with_svg(&chart, |document| {
        assert_eq!(elements(document, "path", "cross").len(), 1);
        let lowest = elements(document, "circle", "")
            .iter()
            .map(|circle| circle.attribute("cy").unwrap().parse::<f64>().unwrap())
            .fold(f64::INFINITY, f64::min);
        let start: f64 = elements(document, "circle", "")[0].attribute("cy").unwrap().parse().unwrap();
        assert!(start - lowest < PLOT_HEIGHT / 2.0, "{start} {lowest}");
    });
}

#[test]
fn the_minimum_of_thousands_of_points_is_drawn() {
    let mut heights: Vec<f64> = (0..5000).map(|i| 2.0 + f64::from(i).sin()).collect();
    heights[3333] = 1e-3;
    with_svg(&chart(vec![series("adam", 0, heights)]), |document| {
        let line = elements(document, "path", "line")[1].attribute("d").unwrap();
        assert!(line.matches('L').count() <= LINE_POINTS + 2);
        let titles = elements(document, "title", "");
        let has = |wanted: &str| {
            titles.iter().any(|title| title.children().filter_map(|node| node.text()).collect::<String>() == wanted)
        };
        assert!(has("adam: 0.001000 at 3333 steps"));
    });
}
