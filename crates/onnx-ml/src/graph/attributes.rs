//! Attributes that tract takes as they are, and that would let it run forever or fill the memory.

use anyhow::{Result, ensure};
use tract_onnx::pb::NodeProto;

/// Checks the attributes of a node.
///
/// # Errors
/// When one is not what ONNX allows it to be.
pub(super) fn check(node: &NodeProto) -> Result<()> {
    let inputs = node.input.len();
    for attribute in &node.attribute {
        match (node.op_type.as_str(), attribute.name.as_str()) {
            // There is made room for as many.
            ("Scan", "num_scan_inputs") => {
                let scanned = usize::try_from(attribute.i).is_ok_and(|scanned| scanned <= inputs);
                ensure!(scanned, "it scans {} of {inputs} inputs", attribute.i);
            }
            // Axes are followed from one to the next until they come back to the first.
            ("Transpose", "perm") => {
                let mut axes = attribute.ints.clone();
                axes.sort_unstable();
                let permuted = axes.iter().zip(0..).all(|(axis, expected)| *axis == expected);
                ensure!(permuted, "`perm` {:?} is no permutation", attribute.ints);
            }
            _ => {}
        }
    }
    Ok(())
}
