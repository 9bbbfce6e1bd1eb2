//! Which way the normals of points face: each as its neighbours', and all of them outwards.

use rayon::prelude::*;

use super::cloud::Cloud;
use super::vector::{Vector, dot, minus, norm};

/// Neighbours that are asked, and how many must have an answer.
const ASKED: usize = 12;
const ANSWERS: usize = 6;
/// The part of the answers that is certain. On a thin sheet half of the neighbours are of the other side, and rightly differ.
const CERTAIN: f64 = 0.9;
/// Rounds of asking: those who were turned give other answers.
const ROUNDS: usize = 10;
/// Directions in which the outermost point is looked at.
const DIRECTIONS: usize = 256;
/// The mean cosine between these directions and the normals there: near one for a body, below this for points of one side of it, which
/// may face either way.
const CLEAR: f64 = 0.3;

/// Turns normals that face the wrong way, and says how many, and which are doubtful.
///
/// A normal is turned if nearly all of its neighbours in its plane face the other way. Then all are if, at the points that are
/// outermost in many directions, they face inwards: there the outward normal of a body is the direction itself.
pub(super) fn outwards(cloud: &mut Cloud) -> Vec<String> {
    let all = cloud.normals.len();
    let mut remarks = vec![];
    let mut is_turned = vec![false; all];
    let neighbours: Vec<Vec<usize>> = (0..all).into_par_iter().map(|index| cloud.neighbours(index, ASKED)).collect();
    let mut against = disagreement(cloud, &neighbours);
    for _ in 0..ROUNDS {
        let certain: Vec<usize> = (0..all).filter(|&index| against[index] >= CERTAIN).collect();
        if certain.is_empty() {
            break;
        }
        for index in certain {
            cloud.normals[index] = cloud.normals[index].map(|x| -x);
            is_turned[index] = !is_turned[index];
        }
        against = disagreement(cloud, &neighbours);
    }
    let turned = is_turned.iter().filter(|&&is_turned| is_turned).count();
    if turned > 0 {
        remarks.push(format!("{turned} of {all} normals faced against their neighbours and are turned"));
    }
    let doubtful = against.iter().filter(|&&against| against > 0.5).count();
    if doubtful > 0 {
        remarks.push(format!(
            "{doubtful} of {all} normals face against most of their neighbours and are left as they are"
        ));
    }
    if facing(cloud) < -CLEAR {
        cloud.normals.iter_mut().for_each(|normal| *normal = normal.map(|x| -x));
        remarks.push("the normals faced inwards and are turned".into());
    }
    remarks
}

/// For each point the part of its neighbours in its plane whose normals face the other way; zero where there are few.
fn disagreement(cloud: &Cloud, neighbours: &[Vec<usize>]) -> Vec<f64> {
    let of = |(index, near): (usize, &Vec<usize>)| {
        let (at, normal) = (cloud.points[index], cloud.normals[index]);
        let cosine = |&other: &usize| {
            let apart = minus(cloud.points[other], at);
            let cosine = dot(cloud.normals[other], normal);
            (dot(apart, normal).abs() <= 0.5 * norm(apart) && cosine.abs() >= 0.5).then_some(cosine)
        };
        let answers: Vec<f64> = near.iter().filter_map(cosine).collect();
        let against = answers.iter().filter(|&&cosine| cosine < 0.0).count();
        if answers.len() < ANSWERS { 0.0 } else { against as f64 / answers.len() as f64 }
    };
    neighbours.par_iter().enumerate().map(of).collect()
}

/// The mean cosine between directions and the normals of the points that are outermost there.
fn facing(cloud: &Cloud) -> f64 {
    let cosine = |index: usize| {
        // Evenly over the sphere, by the golden angle.
        let up = 1.0 - (2.0 * index as f64 + 1.0) / DIRECTIONS as f64;
        let (sine, cosine) = (index as f64 * std::f64::consts::PI * (3.0 - 5f64.sqrt())).sin_cos();
        let flat = (1.0 - up * up).sqrt();
        let direction: Vector = [flat * cosine, up, flat * sine];
        let heights = cloud.points.iter().map(|&point| dot(point, direction)).enumerate();
        heights.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |(index, _)| dot(cloud.normals[index], direction))
    };
    (0..DIRECTIONS).into_par_iter().map(cosine).sum::<f64>() / DIRECTIONS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of a ball of radius one around a centre, facing outwards, by the golden angle.
    fn ball(count: usize, squeezed: f64) -> Cloud {
        let rows = (0..count).map(|index| {
            let (up, around) = (1.0 - (2.0 * index as f64 + 1.0) / count as f64, index as f64 * 2.399_963_229_728_653);
            let flat = (1.0 - up * up).sqrt();
            let normal = [flat * around.cos(), up, flat * around.sin()];
            // The normal of an ellipsoid is the gradient of its equation.
            let steep = [normal[0], normal[1] / squeezed, normal[2]];
            let length = norm(steep);
            ([normal[0], normal[1] * squeezed, normal[2]], steep.map(|x| x / length))
        });
        let (points, normals) = rows.unzip();
        Cloud::new(points, normals)
    }

    #[test]
    fn what_is_right_is_left() {
        for squeezed in [1.0, 0.02] {
            let mut cloud = ball(2000, squeezed);
            let normals = cloud.normals.clone();
            let remarks = outwards(&mut cloud);
            assert_eq!(cloud.normals, normals, "{squeezed}: {remarks:?}");
        }
        // One side of a wall may face either way.
        let points: Vec<Vector> = (0..100).map(|index| [f64::from(index % 10), f64::from(index / 10), 0.0]).collect();
        for up in [1.0, -1.0] {
            let mut cloud = Cloud::new(points.clone(), vec![[0.0, 0.0, up]; 100]);
            assert!(outwards(&mut cloud).is_empty());
        }
    }

    #[test]
    fn what_faces_the_wrong_way_is_turned() {
        let right = ball(2000, 0.5);
        let is_right = |cloud: &Cloud| cloud.normals == right.normals;
        let mut inverted = Cloud::new(right.points.clone(), right.normals.iter().map(|n| n.map(|x| -x)).collect());
        assert_eq!(outwards(&mut inverted), ["the normals faced inwards and are turned"]);
        assert!(is_right(&inverted));
        // Some of them, and some of an inverted one.
        for sign in [1.0, -1.0] {
            let some = right.normals.iter().enumerate().map(|(index, normal)| {
                let sign = if index % 9 == 4 { -sign } else { sign };
                normal.map(|x| sign * x)
            });
            let mut mixed = Cloud::new(right.points.clone(), some.collect());
            let remarks = outwards(&mut mixed);
            assert_eq!(remarks[0], "222 of 2000 normals faced against their neighbours and are turned", "{remarks:?}");
            assert!(is_right(&mixed), "{remarks:?}");
        }
    }

    #[test]
    fn what_cannot_be_known_is_said() {
        let mut cloud = ball(500, 1.0);
        // Every other one: a majority there is none.
        for normal in cloud.normals.iter_mut().step_by(2) {
            *normal = normal.map(|x| -x);
        }
        let remarks = outwards(&mut cloud);
        assert!(remarks.iter().any(|remark| remark.ends_with("are left as they are")), "{remarks:?}");
    }
}
