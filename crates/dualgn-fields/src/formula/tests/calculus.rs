//! Vector calculus.

use super::super::{Formula, Scope};
use super::{plane, space, unknown, values};

const POINTS: [[f64; 3]; 3] = [[0.3, -0.7, 0.2], [0.0, 0.9, -0.5], [-0.8, 0.1, 0.6]];

fn assert_equal(left: &str, right: &str, scope: &Scope) {
    let read = |text: &str| Formula::numbers(text, scope).unwrap_or_else(|error| panic!("{error}"));
    let (a, b) = (read(left), read(right));
    for at in POINTS {
        let (a, b) = (values(a.expression(), &at), values(b.expression(), &at));
        assert_eq!(a.len(), b.len(), "{left} {right}");
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-13 * (1.0 + a.abs()), "{left} = {right}: {a} {b}");
        }
    }
}

#[test]
fn identities_hold() {
    let scope = space();
    for (left, right) in [
        ("div(curl(velocity))", "0"),
        ("curl(curl(velocity))", "grad(div(velocity)) - lap(velocity)"),
        ("div(p*velocity)", "dot(grad(p), velocity) + p*div(velocity)"),
        ("lap(p*u)", "p*lap(u) + 2*dot(grad(p), grad(u)) + u*lap(p)"),
        ("lap(u^2)", "2*u*lap(u) + 2*dot(grad(u), grad(u))"),
        ("curl(p*velocity)", "p*curl(velocity) + [p_y*w - p_z*v, p_z*u - p_x*w, p_x*v - p_y*u]"),
        ("norm(velocity)^2", "dot(velocity, velocity)"),
        ("velocity_x", "[u_x, v_x, w_x]"),
        ("d(velocity, x, y)", "velocity_xy"),
        ("lap(lap(p))", "p_xxxx + p_yyyy + p_zzzz + 2*(p_xxyy + p_yyzz + p_zzxx)"),
        ("-velocity/2", "[-u, -v, -w]*0.5"),
        ("if(x > 0, velocity, 2*velocity)", "if(x > 0, 1, 2)*velocity"),
    ] {
        assert_equal(left, right, &scope);
    }
    let scope = plane();
    for (left, right) in [
        ("div(flux)", "k*(u_xx + u_yy) + 2*x*u_x"),
        ("flux_t", "[k*u_xt, k*u_yt]"),
        ("curl(velocity)", "v_x - u_y"),
        ("curl(u)", "[u_y, -u_x]"),
        ("div(curl(u))", "0"),
        ("dot(flux, normal)", "k*u_x*normal_x + k*normal_y*u_y"),
        ("lap(u)", "u_xx + u_yy"),
    ] {
        assert_equal(left, right, &scope);
    }
}

/// Not only their values: what is computed is the same.
#[test]
fn identities_of_derivatives_are_seen() {
    let expression = |text: &str, scope: &Scope| Formula::numbers(text, scope).unwrap().expression().clone();
    for scope in [plane(), space()] {
        assert_eq!(expression("div(grad(u))", &scope), expression("lap(u)", &scope));
        assert_eq!(expression("u_xx", &scope), expression("d(d(u, x), x)", &scope));
        assert_eq!(expression("u_xy", &scope), expression("u_yx", &scope));
    }
    assert_eq!(expression("curl(grad(p))", &space()), expression("[0, 0, 0]", &space()));
    assert_eq!(expression("curl(grad(u))", &plane()).constant(), Some(0.0));
    assert_eq!(expression("div(curl(u))", &plane()).constant(), Some(0.0));
}

/// Without time, by one channel of a jet.
#[test]
fn laplacians_are_gathered() {
    let text = |text: &str| {
        let scope = plane();
        Formula::condition(text, &scope).unwrap().0.expression().text(&scope)
    };
    assert_eq!(text("u_t - nu*u_xx - nu*u_yy = f"), "u_t - 0.01*lap(u) - f");
    assert_eq!(text("u_t = div(kappa*grad(u))"), "u_t - kappa*lap(u)");
    assert_eq!(text("div(flux)"), "2*x*u_x + (1 + x^2)*lap(u)");
    assert_eq!(text("u_xx + u_yy + u_tt"), "lap(u) + u_tt");
    assert_eq!(text("u_xx - u_yy"), "u_xx - u_yy");
    assert_eq!(text("u_xx*v/2 - (x - v*u_yy/2)"), "v/2*lap(u) - x");
    assert_eq!(text("u_xx + u_yy + u_xx"), "lap(u) + u_xx");
    assert_eq!(text("u_xx + u_xx + u_yy"), "lap(u) + u_xx");
    assert_eq!(text("u_xx + u_xx"), "u_xx + u_xx");
    assert_eq!(text("lap(u)*lap(v)"), "lap(u)*lap(v)");
    assert_eq!(text("u_xx + v_yy"), "u_xx + v_yy");
}

#[test]
fn closed_forms_of_the_tests_are_derivatives() {
    let at = [0.3, -0.7, 0.2];
    for (index, along) in [(0, 0), (1, 1), (1, 2)] {
        let moved = |h: f64| {
            let mut at = at;
            at[along] += h;
            unknown(index, &[0], &at)
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((difference - unknown(index, &[0, along], &at)).abs() < 1e-8);
    }
}
