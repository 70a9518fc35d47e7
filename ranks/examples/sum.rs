//! How long sums over ranks take: `mpirun -n 2 cargo run --release -p fokker-ranks --features mpi --example sum -- 36000000`, with `bf16` for
//! parts in half precision.

use std::time::Instant;

use fokker_ranks::{NumberFormat, OrderedSum, RanksError, Shares, mpi};

fn main() -> Result<(), RanksError> {
    const ROUNDS: usize = 10;
    let length = std::env::args().nth(1).and_then(|length| length.parse().ok()).unwrap_or(1_000_000);
    let format =
        if std::env::args().nth(2).as_deref() == Some("bf16") { NumberFormat::Bf16 } else { NumberFormat::F32 };
    let ranks = mpi::join()?;
    let shares = Shares::equal(length, ranks.size());
    let part = vec![1.0 / (1.0 + ranks.rank() as f32); length];
    let (mut add, mut finish, mut decide) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ranks.barrier()?;
        let start = Instant::now();
        let mut sum = OrderedSum::new(&ranks, &shares, format);
        sum.add(&part)?;
        let added = Instant::now();
        shares.gather(&ranks, &sum.finish())?;
        let finished = Instant::now();
        ranks.any([false])?;
        add = add.min((added - start).as_secs_f64());
        finish = finish.min((finished - added).as_secs_f64());
        decide = decide.min(finished.elapsed().as_secs_f64());
    }
    if ranks.is_first() {
        let (size, threads) = (ranks.size(), ranks.place().threads);
        println!(
            "{size} ranks of {threads} threads, {length} numbers: a part {:.2} ms, the shares to all {:.2} ms, a decision {:.3} ms",
            1e3 * add,
            1e3 * finish,
            1e3 * decide
        );
    }
    ranks.leave(None)
}
