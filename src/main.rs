//! The program: hands its arguments to [`bartizan::cli`].

/// Whatever is freed is zeroed: credentials pass through strings, buffers and libraries that wipe nothing.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    bartizan::cli::main()
}
