//! What the demonstration asks of a system.

use super::prediction::Prediction;
use super::records::DemoRecord;

/// A model's records and the table that shows its predictions.
pub(super) trait System {
    /// Names one record in one word, such as `ride`.
    fn noun(&self) -> &'static str;
    /// Names the member of a prediction that repeats the record's id.
    fn id_member(&self) -> &'static str;
    /// Lists the records to put into the stream, in order.
    fn records(&self) -> Vec<DemoRecord>;
    /// Returns the head of the table, over the columns of [`System::row`].
    fn header(&self) -> &'static str;
    /// Returns one line of the table.
    fn row(&mut self, prediction: &Prediction) -> String;
    /// Sums up the predictions, if there is something to say.
    fn summary(&self) -> Option<String>;
}
