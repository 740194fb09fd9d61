//! Builds the C landing shim of the codelet engine and, with the `node` feature, the addon glue.

fn main() {
    println!("cargo:rerun-if-changed=src/codelet/engine/shim.c");
    cc::Build::new()
        .file("src/codelet/engine/shim.c")
        .define("_GNU_SOURCE", None)
        // Fortified longjmp refuses jumps it cannot explain; ours is explained in the shim itself.
        .flag_if_supported("-U_FORTIFY_SOURCE")
        .flag_if_supported("-fvisibility=hidden")
        .warnings(true)
        .opt_level(2)
        .compile("runlet_shim");
    #[cfg(feature = "node")]
    napi_build::setup();
}
