//! The processor's tiles.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::sync::LazyLock;

use super::emulated::Emulated;
use super::{SIDE, TILE, Tiles};

/// The tiles of this thread, configured as long as the value lives.
pub(in crate::simd) struct Amx(());

/// What `ldtilecfg` reads: palette 1, and for each of eight tiles 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = {
    let mut configuration =
        Configuration { palette: 1, start_row: 0, reserved: [0; 14], bytes: [0; 16], rows: [0; 16] };
    let mut tile = 0;
    while tile < 8 {
        configuration.bytes[tile] = 64;
        configuration.rows[tile] = SIDE as u8;
        tile += 1;
    }
    configuration
};

impl Amx {
    /// Whether the processor has tiles that multiply pairs in bfloat16, the system lets this process use them, and they compute what they
    /// should.
    pub(in crate::simd) fn is_present() -> bool {
        static PRESENT: LazyLock<bool> = LazyLock::new(|| has_instructions() && is_permitted() && agrees());
        *PRESENT
    }

    /// Configures the thread's tiles.
    ///
    /// # Safety
    /// There are tiles, which the process may use, and the thread has no other value of this type.
    pub(in crate::simd) unsafe fn new() -> Self {
        let configuration = &raw const CONFIGURATION;
        // SAFETY: the instruction reads the 64 bytes of a valid configuration.
        unsafe { asm!("ldtilecfg [{}]", in(reg) configuration, options(nostack, preserves_flags, readonly)) };
        Self(())
    }
}

impl Drop for Amx {
    /// Tiles in use are saved whenever the system takes the processor away from the thread.
    fn drop(&mut self) {
        // SAFETY: there are tiles, and they are this value's.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}

macro_rules! with_tile {
    ($tile:expr, $before:literal, $after:literal, $($rest:tt)*) => {
        match $tile {
            0 => asm!(concat!($before, "tmm0", $after), $($rest)*),
            1 => asm!(concat!($before, "tmm1", $after), $($rest)*),
            2 => asm!(concat!($before, "tmm2", $after), $($rest)*),
            3 => asm!(concat!($before, "tmm3", $after), $($rest)*),
            4 => asm!(concat!($before, "tmm4", $after), $($rest)*),
            5 => asm!(concat!($before, "tmm5", $after), $($rest)*),
            6 => asm!(concat!($before, "tmm6", $after), $($rest)*),
            7 => asm!(concat!($before, "tmm7", $after), $($rest)*),
            _ => unreachable!("there are eight tiles"),
        }
    };
}

impl Tiles for Amx {
    #[inline(always)]
    unsafe fn load<const TILE: usize>(&mut self, from: *const f32, stride: usize) {
        let stride = stride * size_of::<f32>();
        // SAFETY: the tiles are configured, and the caller promises that the rows are readable.
        unsafe {
            with_tile!(TILE, "tileloadd ", ", [{from} + {stride}*1]", from = in(reg) from, stride = in(reg) stride,
                options(nostack, preserves_flags, readonly));
        }
    }

    #[inline(always)]
    unsafe fn store<const TILE: usize>(&self, to: *mut f32, stride: usize) {
        let stride = stride * size_of::<f32>();
        // SAFETY: the tiles are configured, and the caller promises that the rows are writable.
        unsafe {
            with_tile!(TILE, "tilestored [{to} + {stride}*1], ", "", to = in(reg) to, stride = in(reg) stride,
                options(nostack, preserves_flags));
        }
    }

    #[inline(always)]
    fn add_product<const SUM: usize>(&mut self) {
        // SAFETY: the tiles are configured, and only they change. Memory is named so that products stay in order with loads and stores.
        unsafe {
            match SUM {
                0 => asm!("tdpbf16ps tmm0, tmm4, tmm6", options(nostack, preserves_flags)),
                1 => asm!("tdpbf16ps tmm1, tmm4, tmm7", options(nostack, preserves_flags)),
                2 => asm!("tdpbf16ps tmm2, tmm5, tmm6", options(nostack, preserves_flags)),
                3 => asm!("tdpbf16ps tmm3, tmm5, tmm7", options(nostack, preserves_flags)),
                _ => unreachable!("there are four sums"),
            }
        }
    }
}

/// CPUID: tiles, their products of bfloat16, and a system that saves both parts of their state.
fn has_instructions() -> bool {
    const TILE_STATE: u64 = 3 << 17;
    if __cpuid(0).eax < 7 || !is_x86_feature_detected!("xsave") {
        return false;
    }
    let (multiplies, tiles) = (1 << 22, 1 << 24);
    let has_both = __cpuid_count(7, 0).edx & (multiplies | tiles) == multiplies | tiles;
    #[target_feature(enable = "xsave")]
    fn saved_state() -> u64 {
        // SAFETY: the processor has XSAVE, and `is_x86_feature_detected` has seen that the system uses it.
        unsafe { _xgetbv(0) }
    }
    // SAFETY: detected above.
    has_both && unsafe { saved_state() } & TILE_STATE == TILE_STATE
}

/// Asks Linux for the tiles' state, for all threads of the process.
fn is_permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: i64 = 0x1023;
    const TILE_DATA: i64 = 18;
    let result: i64;
    // SAFETY: the system call reads no memory. It overwrites rcx and r11.
    unsafe {
        asm!("syscall", inlateout("rax") ARCH_PRCTL => result, in("rdi") REQUEST_PERMISSION, in("rsi") TILE_DATA,
            out("rcx") _, out("r11") _, options(nostack));
    }
    result == 0
}

/// Whether the processor's tiles and the emulated ones compute the same product of small whole numbers, which is exact in any order.
fn agrees() -> bool {
    let whole = |index: usize, factor: usize| (((index * factor) % 13) as f32 - 6.0).to_bits();
    let pairs = |factor: usize| -> [f32; TILE] {
        std::array::from_fn(|i| f32::from_bits(whole(2 * i, factor) >> 16 | whole(2 * i + 1, factor)))
    };
    /// All four sums, from numbers that are already there.
    fn product(tiles: &mut impl Tiles, factors: &[[f32; TILE]; 4]) -> [f32; 4 * TILE] {
        let mut sums: [f32; 4 * TILE] = std::array::from_fn(|i| (i % 7) as f32);
        let [rows, more_rows, columns, more_columns] = factors.each_ref().map(|factor| factor.as_ptr());
        let all = sums.as_mut_ptr();
        // SAFETY: every tile lies in its array, and the sums one after the other in theirs.
        unsafe {
            tiles.load::<4>(rows, SIDE);
            tiles.load::<5>(more_rows, SIDE);
            tiles.load::<6>(columns, SIDE);
            tiles.load::<7>(more_columns, SIDE);
            tiles.load::<0>(all, SIDE);
            tiles.load::<1>(all.add(TILE), SIDE);
            tiles.load::<2>(all.add(2 * TILE), SIDE);
            tiles.load::<3>(all.add(3 * TILE), SIDE);
            tiles.add_product::<0>();
            tiles.add_product::<1>();
            tiles.add_product::<2>();
            tiles.add_product::<3>();
            tiles.store::<0>(all, SIDE);
            tiles.store::<1>(all.add(TILE), SIDE);
            tiles.store::<2>(all.add(2 * TILE), SIDE);
            tiles.store::<3>(all.add(3 * TILE), SIDE);
        }
        sums
    }
    let factors = [5, 7, 11, 3].map(pairs);
    // SAFETY: called where there are tiles that the process may use, and this is the thread's only value.
    let mut tiles = unsafe { Amx::new() };
    product(&mut tiles, &factors) == product(&mut Emulated::new(), &factors)
}
