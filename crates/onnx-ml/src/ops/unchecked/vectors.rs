//! Code compiled for the vectors of the processor.
//!
//! Functions compiled for AVX2 or AVX-512 are called only through [`Avx2`] or [`Avx512`]. These values exist
//! only if the processor has the instructions.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::dense::{PANEL, ROWS};
use super::super::trees::{Cursor, LANES, Masks};

/// Whether AVX2 and AVX-512 stay unused.
static PORTABLE: AtomicBool = AtomicBool::new(false);

/// Makes this process use no AVX2 and no AVX-512 from now on, to measure on x86-64 how fast other processors
/// are.
///
/// The last digits of matrix products may then differ.
pub fn use_portable_code() {
    PORTABLE.store(true, Ordering::Relaxed);
}

/// The vectors that may be used, of those that not every processor has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vectors {
    /// Vectors of eight floats.
    pub avx2: Option<Avx2>,
    /// Vectors of sixteen floats.
    pub avx512: Option<Avx512>,
}

impl Vectors {
    /// The vectors that the processor has, unless portable code is asked for.
    pub fn new() -> Self {
        Self { avx2: Avx2::new(), avx512: Avx512::new() }
    }
}

/// Proves that the processor has AVX2, FMA and BMI2, which came together.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, unless the processor lacks the instructions or portable code is asked for.
    pub fn new() -> Option<Self> {
        if PORTABLE.load(Ordering::Relaxed) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi2")
        {
            return Some(Self(()));
        }
        None
    }

    /// Does the work in code compiled for AVX2.
    #[expect(clippy::unused_self, reason = "`self` is the proof")]
    pub fn run<W: Work>(self, work: W) -> W::Output {
        #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi2"))]
        fn with_avx2<W: Work>(work: W) -> W::Output {
            work.run()
        }
        // SAFETY: `self` proves that the processor has AVX2.
        #[allow(unused_unsafe, reason = "the function is safe on other processors")]
        unsafe {
            with_avx2(work)
        }
    }

    /// Multiplies some rows with a panel. The panel has as many rows as they have elements.
    #[expect(clippy::unused_self, reason = "`self` is the proof")]
    pub fn panel(self, x: [&[f32]; ROWS], panel: &[[f32; PANEL]], product: &mut [[f32; PANEL]; ROWS]) {
        assert!(x.iter().all(|x| x.len() == panel.len()));
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` proves that the processor has AVX2 and FMA. Rows and panel have the same length.
        unsafe {
            panel_with_avx2(x, panel, product);
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("only x86-64 has AVX2: {panel:?} {product:?}")
    }
}

/// Proves that the processor has AVX-512: F, and BW, DQ and VL, which came with it in 2017.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    /// The proof, unless the processor lacks the instructions or portable code is asked for.
    pub fn new() -> Option<Self> {
        if PORTABLE.load(Ordering::Relaxed) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            return Some(Self(()));
        }
        None
    }

    /// Does the same as [`Masks::exits`].
    #[expect(clippy::unused_self, reason = "`self` is the proof")]
    pub fn exits(self, masks: &Masks, cursor: Cursor, words_end: u32, x: &[[f32; LANES]]) -> [u32; LANES] {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `self` proves that the processor has AVX-512.
        unsafe {
            exits_with_avx512(masks, cursor, words_end, x)
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("only x86-64 has AVX-512: {masks:?} {cursor:?} {words_end} {x:?}")
    }
}

/// Does the work of [`Avx2::panel`].
///
/// # Safety
/// Rows and panel must have the same length.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn panel_with_avx2(x: [&[f32]; ROWS], panel: &[[f32; PANEL]], product: &mut [[f32; PANEL]; ROWS]) {
    use std::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    for (at, coefficients) in panel.iter().enumerate() {
        // SAFETY: a row of a panel is two vectors long, and every row of `x` has an element for each row of
        // the panel.
        unsafe {
            let low = _mm256_loadu_ps(coefficients.as_ptr());
            let high = _mm256_loadu_ps(coefficients.as_ptr().add(8));
            for (x, sums) in x.iter().zip(&mut sums) {
                let x = _mm256_set1_ps(*x.get_unchecked(at));
                *sums = [_mm256_fmadd_ps(x, low, sums[0]), _mm256_fmadd_ps(x, high, sums[1])];
            }
        }
    }
    for ([low, high], product) in sums.into_iter().zip(product) {
        // SAFETY: a row is two vectors long.
        unsafe {
            _mm256_storeu_ps(product.as_mut_ptr(), low);
            _mm256_storeu_ps(product.as_mut_ptr().add(8), high);
        }
    }
}

const _: () = assert!(PANEL == 16);

/// Does the work of [`Avx512::exits`]. Two instructions compare sixteen rows to a mask, and strike out exits
/// with it.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn exits_with_avx512(masks: &Masks, cursor: Cursor, words_end: u32, x: &[[f32; LANES]]) -> [u32; LANES] {
    use std::arch::x86_64::{
        _CMP_NLE_UQ, _mm512_cmp_ps_mask, _mm512_loadu_ps, _mm512_mask_and_epi32, _mm512_set1_epi32,
        _mm512_set1_ps, _mm512_storeu_si512,
    };
    masks.exits(cursor, words_end, x, |questions, x| {
        let mut stay = [_mm512_set1_epi32(-1); LANES / 16];
        for question in questions {
            let threshold = _mm512_set1_ps(question.threshold);
            let left_only = _mm512_set1_epi32(question.stay.to_bits().cast_signed());
            let (x, _) = x[question.slot as usize].as_chunks::<16>();
            for (stay, x) in stay.iter_mut().zip(x) {
                // SAFETY: `x` is sixteen floats.
                let right =
                    unsafe { _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(_mm512_loadu_ps(x.as_ptr()), threshold) };
                *stay = _mm512_mask_and_epi32(*stay, right, *stay, left_only);
            }
        }
        let mut lanes = [0; LANES];
        for (lanes, stay) in lanes.as_chunks_mut::<16>().0.iter_mut().zip(stay) {
            // SAFETY: `lanes` is sixteen words.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), stay) };
        }
        lanes
    })
}

const _: () = assert!(LANES.is_multiple_of(16));

/// Work that is compiled for the instructions of its caller. [`Work::run`] must be `#[inline(always)]`.
pub trait Work {
    /// The result.
    type Output;

    /// Does the work.
    fn run(self) -> Self::Output;
}
