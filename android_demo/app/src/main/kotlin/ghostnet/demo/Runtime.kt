package ghostnet.demo

import android.content.pm.ApplicationInfo
import android.os.Build
import ghostnet.core.RuntimeLibrary
import java.security.MessageDigest
import java.util.zip.ZipFile

private const val LITERT = "2.1.6" // as in gradle/libs.versions.toml; a check compares them

/** The LiteRT in this app's package, identified by its bytes. */
fun runtimeLibrary(app: ApplicationInfo): RuntimeLibrary {
    val packages = listOf(app.sourceDir) + app.splitSourceDirs.orEmpty()
    val name = "lib/${Build.SUPPORTED_64_BIT_ABIS.first()}/libLiteRt.so"
    return RuntimeLibrary(LITERT, packages.firstNotNullOf { sha256InZip(it, name) })
}

private fun sha256InZip(
    path: String,
    name: String,
): String? =
    ZipFile(path).use { zip ->
        val entry = zip.getEntry(name) ?: return null
        val digest = MessageDigest.getInstance("SHA-256")
        zip.getInputStream(entry).use { stream ->
            val part = ByteArray(1 shl 16)
            while (true) {
                val count = stream.read(part)
                if (count < 0) break
                digest.update(part, 0, count)
            }
        }
        digest.digest().joinToString("") { "%02x".format(it) }
    }
