//! The program from outside: what its commands do, and what they say when something is wrong.

mod absurd_values;
mod array_runs;
mod bench_command;
mod command_line;
mod conditions;
mod evaluation;
mod evaluation_while_training;
mod folder_runs;
#[cfg(target_os = "linux")]
mod full_disk;
mod guidance;
mod kinds;
mod laboratory_commands;
mod live_page;
mod pictures_in;
mod program;
#[cfg(all(feature = "mpi", target_os = "linux"))]
mod ranks;
mod reproduce_score_fpe;
mod runs;
mod sample_files;
mod sampling_commands;
mod starts;
mod support;
#[cfg(all(feature = "mpi", target_os = "linux"))]
mod two_machines;
mod weights;
