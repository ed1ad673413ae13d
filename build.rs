//! Rebuilds the binary when an embedded file changes, and takes the parts of Swagger UI out of their archive.

use std::error::Error;
use std::io::{Cursor, Read};
use std::{env, fs, path::Path};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// Each part by the end of its path in the archive.
const PARTS: [&str; 3] = ["/dist/swagger-ui-bundle.js", "/dist/swagger-ui.css", "/LICENSE"];

fn main() -> Result<(), Box<dyn Error>> {
    // `embed_migrations!` cannot see new folders by itself.
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=build.rs");
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let root = archive.name_for_index(0).ok_or("the archive is empty")??.trim_end_matches('/').to_owned();
    #[expect(clippy::disallowed_methods, reason = "cargo tells by a variable where to write")]
    let folder = env::var("OUT_DIR")?;
    for part in PARTS {
        let name = part.rsplit('/').next().unwrap_or(part);
        fs::write(Path::new(&folder).join(format!("{name}.gz")), gzip(&mut archive, &format!("{root}{part}"))?)?;
    }
    Ok(())
}

/// A file as gzip (RFC 1952): the archive holds it deflated, so only the head and the foot are added.
fn gzip(archive: &mut ZipArchive<Cursor<&[u8]>>, path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    let index = archive.index_for_name(path).ok_or_else(|| format!("{path} is not in the archive"))?;
    let mut file = archive.by_index_raw(index)?;
    let mut gzip = HEAD.to_vec();
    file.read_to_end(&mut gzip)?;
    gzip.extend(file.crc32().to_le_bytes());
    gzip.extend(u32::try_from(file.size())?.to_le_bytes());
    Ok(gzip)
}
