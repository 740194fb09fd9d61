//! Builds the C landing shim of the codelet engine and, with the `node` feature, the addon glue.

fn main() {
    println!("cargo:rerun-if-changed=src/codelet/engine/shim.c");
    let mut shim = cc::Build::new();
    shim.file("src/codelet/engine/shim.c");
    #[cfg(feature = "sanitize")]
    sanitized(&mut shim);
    shim.define("_GNU_SOURCE", None)
        // Fortified longjmp refuses jumps it cannot explain; ours is explained in the shim itself.
        .flag_if_supported("-U_FORTIFY_SOURCE")
        .flag_if_supported("-fvisibility=hidden")
        .warnings(true)
        .opt_level(2)
        .compile("runlet_shim");
    #[cfg(feature = "node")]
    napi_build::setup();
}

/// The flags that instrument C come from `CFLAGS`, because the engine's own crate needs them too.
/// Here is what only we can say: the test-only C, and the sanitizer's runtime.
#[cfg(feature = "sanitize")]
fn sanitized(shim: &mut cc::Build) {
    println!("cargo:rerun-if-changed=src/codelet/engine/sanitize.c");
    shim.file("src/codelet/engine/sanitize.c");
    // rustc links with -nodefaultlibs, under which gcc leaves its runtime out. As a library of
    // this crate it comes before libc, which the runtime insists on.
    println!("cargo:rustc-link-lib=dylib=asan");
}
