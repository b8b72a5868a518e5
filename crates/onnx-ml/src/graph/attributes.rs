//! Checks attributes that tract does not check, and that could make it run forever or fill the memory.

use anyhow::{Result, ensure};
use tract_onnx::pb::NodeProto;

/// Checks the attributes of a node.
///
/// # Errors
/// When an attribute is not what ONNX allows.
pub(super) fn check(node: &NodeProto) -> Result<()> {
    let inputs = node.input.len();
    for attribute in &node.attribute {
        match (node.op_type.as_str(), attribute.name.as_str()) {
            // tract allocates room for this many.
            ("Scan", "num_scan_inputs") => {
                let scanned = usize::try_from(attribute.i).is_ok_and(|scanned| scanned <= inputs);
                ensure!(scanned, "`num_scan_inputs`: expected 0 to {inputs}, found {}", attribute.i);
            }
            // tract follows the axes from one to the next until it is back at the first.
            ("Transpose", "perm") => {
                let mut axes = attribute.ints.clone();
                axes.sort_unstable();
                let permuted = axes.iter().zip(0..).all(|(axis, expected)| *axis == expected);
                ensure!(permuted, "`perm`: expected a permutation, found {:?}", attribute.ints);
            }
            _ => {}
        }
    }
    Ok(())
}
