//! Distances on a sphere, as scikit-learn's `haversine_distances` times a radius.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::features::computation::{Computation, double};
use crate::features::operand::Operand;
use crate::features::problem::Problem;
use crate::features::scope::{Compile, Operands};

/// The distance between two places on the Earth, or on another sphere.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GreatCircle {
    /// The latitude and longitude of the first place, then of the second, in degrees.
    great_circle: [Operand; 4],
    /// The radius of the sphere, in the unit of the distance. By default it is the Earth's mean radius in
    /// kilometres.
    #[serde(default = "earth")]
    radius: f64,
}

/// The Earth's mean radius in kilometres, as the IUGG defines it.
fn earth() -> f64 {
    6371.0088
}

impl Compile for GreatCircle {
    fn compile(&self, operands: &mut dyn Operands) -> Result<Computation> {
        let radius = self.radius;
        ensure!(radius.is_finite() && radius > 0.0, "`radius`: expected a number above zero, found {radius}");
        let [from, west, to, east] = &self.great_circle;
        let [from, west] = [operands.number(from)?, operands.number(west)?];
        let [to, east] = [operands.number(to)?, operands.number(east)?];
        Ok(double(move |row| {
            let [from, west] = [from.number(row)?, west.number(row)?];
            let [to, east] = [to.number(row)?, east.number(row)?];
            if from.abs() > 90.0 || to.abs() > 90.0 || west.abs() > 180.0 || east.abs() > 180.0 {
                return Err(Problem::invalid(
                    &"`great_circle`",
                    "latitudes within ±90 and longitudes within ±180 degrees",
                    "one beyond them",
                ));
            }
            Ok(2.0 * radius * haversine(from, to, east - west).sqrt().asin())
        }))
    }
}

/// Returns the square of half the chord on a sphere of radius 1. The parameters are in degrees.
fn haversine(from: f64, to: f64, longitudes: f64) -> f64 {
    let half_sine = |degrees: f64| (degrees.to_radians() / 2.0).sin();
    let along = from.to_radians().cos() * to.to_radians().cos() * half_sine(longitudes).powi(2);
    (half_sine(to - from).powi(2) + along).min(1.0)
}
