//! Computes the probabilities of classes from those of pairs, as LIBSVM does: by the second method of Wu, Lin
//! and Weng, "Probability Estimates for Multi-class Classification by Pairwise Coupling".

/// The most rounds, as in LIBSVM and onnxruntime.
const MAX_ROUNDS: usize = 100;

/// The probability of each class. `pairwise[i * classes + j]` is the probability of class i, given that it is
/// i or j. `pairwise[i, j]` and `pairwise[j, i]` sum to 1, and both are strictly between 0 and 1.
pub fn couple(classes: usize, pairwise: &[f32]) -> Vec<f32> {
    let r = |i: usize, j: usize| pairwise[i * classes + j];
    let mut q = vec![0.0_f32; classes * classes];
    for i in 0..classes {
        for j in 0..classes {
            if i != j {
                q[i * classes + i] += r(j, i) * r(j, i);
                q[i * classes + j] = -r(j, i) * r(i, j);
            }
        }
    }
    let mut p = vec![1.0 / classes as f32; classes];
    let mut qp = vec![0.0_f32; classes];
    let enough = 0.005 / classes as f32;
    for _ in 0..MAX_ROUNDS {
        // Computed again in each round, so that rounding errors do not add up.
        for (row, qp) in q.chunks_exact(classes).zip(&mut qp) {
            *qp = row.iter().zip(&p).map(|(q, p)| q * p).sum();
        }
        let mut pqp: f32 = p.iter().zip(&qp).map(|(p, qp)| p * qp).sum();
        if qp.iter().all(|qp| (qp - pqp).abs() < enough) {
            break;
        }
        for (i, row) in q.chunks_exact(classes).enumerate() {
            let step = (pqp - qp[i]) / row[i];
            p[i] += step;
            let total = 1.0 + step;
            pqp = (pqp + step * (step * row[i] + 2.0 * qp[i])) / total / total;
            for (j, q) in row.iter().enumerate() {
                qp[j] = (qp[j] + step * q) / total;
                p[j] /= total;
            }
        }
    }
    p
}
