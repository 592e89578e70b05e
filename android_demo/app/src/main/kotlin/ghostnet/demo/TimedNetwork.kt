package ghostnet.demo

import ghostnet.core.Artifact
import ghostnet.core.LoadedModel
import ghostnet.core.sha256
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** A network as the benchmark wants it: on one CPU thread, fed with noise that every run sees again. */
class TimedNetwork(
    artifact: Artifact,
    file: File,
) : LoadedModel {
    // Opening also wrote the noise.
    private val network: Network =
        if (artifact.record.hasOperators) {
            GhostNetwork.open(artifact)
        } else {
            PlainNetwork.open(artifact.record, file)
        }
    override val loadMs get() = network.loadMs

    override fun run() = network.run()

    override fun outputSha256(): String {
        val values = network.read()
        val bytes = ByteBuffer.allocate(values.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach { bytes.putFloat(it) }
        return sha256(bytes.array())
    }

    override fun close() = network.close()
}
