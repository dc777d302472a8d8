//! The program: hands its arguments to [`bartizan::cli`].

fn main() -> std::process::ExitCode {
    bartizan::cli::main()
}
