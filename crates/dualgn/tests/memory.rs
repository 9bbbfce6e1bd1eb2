//! What a linearisation holds, counted by the allocator: frozen parts cost nothing, and the rest no more than Burn's tape.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor, activation};
use dualgn::Network;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is an unsafe trait; this one passes everything on and counts")]
// SAFETY: every call goes to the system's allocator with the same arguments, and its contract is the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Tests of this program count the same allocator, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Bytes that live as long as what `make` returns.
fn held<T>(make: impl FnOnce() -> T) -> usize {
    let before = LIVE.load(Ordering::Relaxed);
    let made = make();
    let after = LIVE.load(Ordering::Relaxed);
    drop(made);
    after.saturating_sub(before)
}

const WIDTH: usize = 128;
const BATCH: usize = 64;
/// Bytes of one activation.
const ACTIVATION: usize = 4 * WIDTH * BATCH;

/// Frozen layers before and after a low-rank adapter.
#[derive(Module, Debug)]
struct Stack {
    before: Vec<Linear>,
    down: Linear,
    up: Linear,
    after: Vec<Linear>,
}

impl Stack {
    fn new(before: usize, after: usize, frozen: bool) -> Self {
        let device = Device::default().autodiff();
        let dense = || {
            let layer = LinearConfig::new(WIDTH, WIDTH).init(&device);
            if frozen { layer.freeze() } else { layer }
        };
        Self {
            before: (0..before).map(|_| dense()).collect(),
            down: LinearConfig::new(WIDTH, 4).with_bias(false).init(&device),
            up: LinearConfig::new(4, WIDTH).with_bias(false).init(&device),
            after: (0..after).map(|_| dense()).collect(),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.before.iter().fold(x, |x, layer| activation::relu(layer.forward(x)));
        let x = x.clone() + self.up.forward(self.down.forward(x));
        self.after.iter().fold(x, |x, layer| layer.forward(x))
    }
}

fn inputs() -> Tensor<2> {
    Tensor::random([BATCH, WIDTH], Distribution::Default, &Device::default())
}

fn held_by_linearization(model: &Stack) -> usize {
    let network = Network::trace(model, Stack::forward, [BATCH, WIDTH]).unwrap();
    let x = inputs();
    let linearize = || network.linearize(model, x.clone()).unwrap();
    // Whatever is made once per process is made now.
    drop(linearize());
    held(linearize)
}

#[test]
fn frozen_parts_cost_nothing() {
    let _turn = TURN.lock().unwrap();
    let shallow = held_by_linearization(&Stack::new(1, 1, true));
    let deep = held_by_linearization(&Stack::new(6, 6, true));
    // The input of the adapter, its narrow middle, and the output.
    assert!(shallow < 3 * ACTIVATION, "{} activations", shallow as f64 / ACTIVATION as f64);
    // Twelve frozen layers more: the book-keeping of their operations, no activation.
    assert!(deep < shallow + ACTIVATION / 2, "{shallow} and {deep} bytes");
}

#[test]
fn a_linearisation_holds_no_more_than_burns_tape() {
    let _turn = TURN.lock().unwrap();
    let model = Stack::new(4, 4, false);
    let ours = held_by_linearization(&model);
    let x = Tensor::from_inner(inputs());
    drop(model.forward(x.clone()));
    let tape = held(|| model.forward(x.clone()));
    assert!(ours as f64 <= 1.25 * tape as f64, "{ours} and {tape} bytes");
}
