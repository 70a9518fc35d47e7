//! Numbers on the command line: negative ones are values, not options, and those that are not finite are refused.

use std::any::TypeId;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Command, Error};

/// A whole number from 1 to 2³² − 1: counts of things that are held or gone through.
pub fn positive(text: &str) -> Result<usize, String> {
    let value = text.parse::<u32>().ok().filter(|&value| value > 0);
    value.map(|value| value as usize).ok_or_else(|| format!("must be a whole number from 1 to {}", u32::MAX))
}

/// The command with every option that takes numbers prepared for negative ones, so that `--guidance -1` is read as
/// written and `--seed -1` is refused by the name of the option.
pub fn allow_negative(command: Command) -> Command {
    let numeric = [
        TypeId::of::<f64>(),
        TypeId::of::<(f64, f64)>(),
        TypeId::of::<usize>(),
        TypeId::of::<u64>(),
        TypeId::of::<u32>(),
    ];
    let prepare = |argument: Arg| {
        let value = argument.get_value_parser().type_id();
        let is_number = argument.get_action().takes_values() && numeric.iter().any(|number| value == *number);
        if is_number { argument.allow_hyphen_values(true) } else { argument }
    };
    command.mut_args(prepare).mut_subcommands(allow_negative)
}

/// Refuses `nan` and `inf` wherever a number is read.
///
/// # Errors
/// The first option with such a value.
pub fn refuse_not_finite(command: &Command, matches: &ArgMatches) -> Result<(), Error> {
    for id in matches.ids().map(clap::Id::as_str) {
        // Groups of arguments have ids, too, and no values.
        let Ok(Some(mut values)) = matches.try_get_many::<f64>(id) else { continue };
        let Some(value) = values.find(|value| !value.is_finite()) else { continue };
        let option = command.get_arguments().find(|argument| argument.get_id() == id).and_then(Arg::get_long);
        let name = option.map_or(id.into(), |long| format!("--{long}"));
        let message = format!("invalid value '{value}' for '{name}': must be a finite number");
        return Err(command.clone().error(ErrorKind::ValueValidation, message));
    }
    match matches.subcommand() {
        Some((name, matches)) => {
            command.find_subcommand(name).map_or(Ok(()), |command| refuse_not_finite(command, matches))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    /// Every command with a path of names to it.
    fn commands(command: &Command, path: Vec<String>) -> Vec<(Vec<String>, Command)> {
        let below = command
            .get_subcommands()
            .flat_map(|each| commands(each, [path.clone(), vec![each.get_name().to_string()]].concat()));
        below.chain([(path.clone(), command.clone())]).collect()
    }

    /// Goes through every option of every command: what takes a number takes a negative one as a value, and none takes
    /// what is no finite number.
    #[test]
    fn every_numeric_option_of_every_command_refuses_what_is_not_finite() {
        let (mut fractions, mut counts) = (0, 0);
        for (path, command) in commands(&Cli::command(), vec!["fokker".into()]) {
            // Alone, without what is required besides.
            let read = |option: &str, value: &str| {
                let command = allow_negative(command.clone().mut_args(|argument| argument.required(false)));
                let command = command.subcommand_required(false);
                let positional = command.get_positionals().map(|argument| {
                    argument.get_possible_values().first().map_or("x".to_string(), |value| value.get_name().into())
                });
                let given = [command.get_name(), option, value].map(String::from);
                let arguments: Vec<String> = given.into_iter().chain(positional).collect();
                let matches = command.clone().try_get_matches_from(arguments)?;
                refuse_not_finite(&command, &matches)
            };
            let options = command.get_arguments().filter_map(|argument| {
                let long = argument.get_long().filter(|_| argument.get_action().takes_values())?;
                Some((format!("--{long}"), argument.get_value_parser().type_id()))
            });
            for (option, value) in options {
                if value == TypeId::of::<f64>() {
                    fractions += 1;
                    for number in ["nan", "-nan", "inf", "-inf", "NaN", "infinity", "1e999"] {
                        let error = read(&option, number).expect_err(&format!("{path:?} {option} {number}"));
                        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{path:?} {option} {number}: {error}");
                        assert!(error.to_string().contains(&option), "{error}");
                    }
                    if let Err(error) = read(&option, "-1.5e-3") {
                        assert_ne!(error.kind(), ErrorKind::UnknownArgument, "{path:?} {option}: {error}");
                    }
                }
                if value == TypeId::of::<usize>() || value == TypeId::of::<u64>() {
                    counts += 1;
                    for number in ["-1", "nan", "99999999999999999999999"] {
                        let error = read(&option, number).expect_err(&format!("{path:?} {option} {number}"));
                        assert_eq!(error.kind(), ErrorKind::ValueValidation, "{path:?} {option} {number}: {error}");
                        assert!(error.to_string().contains(&option), "{error}");
                    }
                }
            }
        }
        assert!(fractions >= 10 && counts >= 20, "the options are not found: {fractions}, {counts}");
    }

    #[test]
    fn counts_begin_at_one() {
        assert_eq!(positive("7"), Ok(7));
        for text in ["0", "-1", "4294967296", "9223372036854775807", "1e3", "nan", ""] {
            assert!(positive(text).unwrap_err().contains("from 1 to 4294967295"), "{text}");
        }
    }
}
