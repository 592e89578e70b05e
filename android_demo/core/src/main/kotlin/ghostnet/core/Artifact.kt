package ghostnet.core

import java.security.MessageDigest

/** A `.tflite` with its record. It exists only if the record describes exactly these bytes. */
class Artifact(
    val name: String,
    val bytes: ByteArray,
    val record: Record,
) {
    init {
        if (sha256(bytes) != record.sha256) {
            throw BadModel("The model $name is damaged: it is not the file that its record describes.")
        }
    }
}

fun sha256(bytes: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
