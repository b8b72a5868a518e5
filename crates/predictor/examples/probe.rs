//! temporary
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
struct Counting;
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, l: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(l.size(), Relaxed) + l.size();
        PEAK.fetch_max(live, Relaxed);
        unsafe { System.alloc(l) }
    }
    unsafe fn dealloc(&self, p: *mut u8, l: Layout) {
        LIVE.fetch_sub(l.size(), Relaxed);
        unsafe { System.dealloc(p, l) }
    }
}
#[global_allocator]
static A: Counting = Counting;
fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let start = Instant::now();
    let directory = predictor::model::directory::ModelDirectory::open(folder.as_ref()).unwrap();
    let loaded = predictor::Predictor::load(&directory, Some("run"), &predictor::Clock::unlimited());
    let said = match &loaded {
        Ok(_) => "served".to_owned(),
        Err(e) => format!("{e:#}"),
    };
    println!(
        "{:.2} s, peak {} MB, {} chars: {}",
        start.elapsed().as_secs_f64(),
        PEAK.load(Relaxed) >> 20,
        said.len(),
        said.chars().take(300).collect::<String>()
    );
    std::process::exit(0);
}
