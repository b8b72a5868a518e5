//! Distance on a sphere: scikit-learn's `haversine_distances`, times a radius.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Compile;
use crate::features::compile::Scope;
use crate::features::computation::{Compiled, double};
use crate::features::operand::Operand;
use crate::features::value::Problem;
/// The distance of two places on the Earth, or another sphere.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GreatCircle {
    /// Latitude and longitude of one place and of the other, in degrees.
    great_circle: [Operand; 4],
    /// In the unit that the distance is to have; without it the Earth's mean radius in kilometres.
    #[serde(default = "earth")]
    radius: f64,
}

/// The mean radius by the definition of the IUGG.
fn earth() -> f64 {
    6371.0088
}

impl Compile for GreatCircle {
    fn compile(&self, scope: &mut Scope) -> Result<Compiled> {
        let radius = self.radius;
        ensure!(radius.is_finite() && radius > 0.0, "`radius` is above zero");
        let [from, west, to, east] = &self.great_circle;
        let [from, west] = [scope.number(from)?, scope.number(west)?];
        let [to, east] = [scope.number(to)?, scope.number(east)?];
        Ok(double(move |row| {
            let [from, west] = [from.number(row)?, west.number(row)?];
            let [to, east] = [to.number(row)?, east.number(row)?];
            if from.abs() > 90.0 || to.abs() > 90.0 || west.abs() > 180.0 || east.abs() > 180.0 {
                return Err(Problem::invalid(
                    &"`great_circle`",
                    "latitudes within ±90 and longitudes within ±180 degrees",
                    "one beyond",
                ));
            }
            Ok(2.0 * radius * haversine(from, to, east - west).sqrt().asin())
        }))
    }
}

/// The square of half the chord on a sphere of radius 1; in degrees.
fn haversine(from: f64, to: f64, longitudes: f64) -> f64 {
    let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin();
    let along = from.to_radians().cos() * to.to_radians().cos() * half_sine(longitudes).powi(2);
    (half_sine(to - from).powi(2) + along).min(1.0)
}
