#!/usr/bin/env bash
# Builds the command for a target and packs it with its completions, manual pages and licences:
# dist/gcp-scopes-VERSION-TARGET.tar.gz, and its checksum. Two runs of one commit and one compiler
# give the same archive.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
version=$(sed -n 's/^version = "\(.*\)"/\1/p' crates/cli/Cargo.toml | head -1)
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
# The program contains no paths of this machine, so that its bytes do not depend on the machine.
export RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
cargo build --release --locked --package gcp-scopes-cli --target "$target"
name=gcp-scopes-$version-$target
rm -rf "dist/$name" && mkdir -p "dist/$name/completions" "dist/$name/man"
program=$target_dir/$target/release/gcp-scopes
cp "$program" LICENSE-APACHE LICENSE-MIT NOTICE crates/cli/README.md "dist/$name"
for shell in bash zsh fish powershell elvish; do
    "$program" completions "$shell" >"dist/$name/completions/gcp-scopes.$shell"
done
"$program" man >"dist/$name/man/gcp-scopes.1"
for verb in method explain check whoami emulate completions man; do
    "$program" man "$verb" >"dist/$name/man/gcp-scopes-$verb.1"
done
time=$(git log -1 --format=%ct)
tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner -C dist -cf - "$name" |
    gzip -n -9 >"dist/$name.tar.gz"
(cd dist && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
