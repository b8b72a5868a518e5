//! Runs the model on rows, and isolates the rows on which it fails.

use crate::Rejected;
use crate::model::Model;
use serving_spec::columns::{Rows, Values};

/// The outputs for some rows. They come from one run of the model, or from several if it fails on a row.
pub struct Runs {
    runs: Vec<Vec<Values>>,
    /// For each row, its run and its place in that run. `None` if the model fails on the row.
    places: Vec<Option<(usize, usize)>>,
}

impl Runs {
    /// Runs the model once for all rows. If that fails, it runs each half, down to the single rows that fail.
    pub fn of(model: &Model, rows: &Rows) -> Self {
        let mut all = Self { runs: Vec::new(), places: vec![None; rows.len] };
        let mut open = Vec::from_iter((rows.len > 0).then_some(0..rows.len));
        while let Some(range) = open.pop() {
            let outputs =
                if range.len() == rows.len { model.run(rows) } else { model.run(&rows.slice(&range)) };
            match outputs {
                Ok(outputs) => {
                    for (place, row) in range.enumerate() {
                        all.places[row] = Some((all.runs.len(), place));
                    }
                    all.runs.push(outputs);
                }
                Err(_) if range.len() == 1 => {}
                Err(_) => {
                    let middle = range.start + range.len() / 2;
                    open.extend([middle..range.end, range.start..middle]);
                }
            }
        }
        all
    }

    /// The outputs of a row, and its place among them.
    ///
    /// # Errors
    /// [`Rejected::Model`] when the model fails on the row.
    #[inline]
    pub fn row(&self, row: usize) -> Result<(&[Values], usize), Rejected> {
        let (run, place) = self.places[row].ok_or(Rejected::Model)?;
        Ok((&self.runs[run], place))
    }
}
