package ghostnet.demo

import ghostnet.android.NativeNetwork
import ghostnet.android.Network
import ghostnet.core.Artifact
import ghostnet.core.LoadedModel
import ghostnet.core.sha256
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * A network as the benchmark wants it: on one CPU thread, fed with noise that every run sees again. Both
 * kinds of file go through the same few lines of C: what Kotlin's lists cost is no network's.
 */
class TimedNetwork(
    private val network: Network, // opening it also wrote the noise
) : LoadedModel {
    constructor(artifact: Artifact) : this(NativeNetwork.open(artifact))

    override val loadMs get() = network.loadMs

    override fun run() = network.run()

    override fun outputSha256(): String {
        val values = network.read().flatMap { it.asList() }
        val bytes = ByteBuffer.allocate(values.size * Float.SIZE_BYTES).order(ByteOrder.LITTLE_ENDIAN)
        values.forEach { bytes.putFloat(it) }
        return sha256(bytes.array())
    }

    override fun close() = network.close()
}
