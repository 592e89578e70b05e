package ghostnet.demo

import ghostnet.core.Artifact
import ghostnet.core.BadModel

/** A file with Ghost operators. An error inside one is thrown like any other, never a wrong output. */
class GhostNetwork private constructor(
    private var network: Long,
    override val loadMs: Double,
) : Network {
    override val runsOn = "$ONE_THREAD, Ghost operators (${GhostJni.variant(network)})"

    override fun write(input: FloatArray) = GhostJni.write(opened(), input)

    override fun run() = GhostJni.run(opened())

    override fun read(): FloatArray = GhostJni.read(opened())

    override fun close() {
        if (network != CLOSED) GhostJni.close(network)
        network = CLOSED
    }

    private fun opened(): Long = network.also { check(it != CLOSED) }

    companion object {
        private const val CLOSED = 0L

        /** Why this phone cannot run any such file; null where it can. */
        val missing: String?
            get() = GhostJni.missing

        fun open(artifact: Artifact): GhostNetwork {
            missing?.let { throw BadModel("The Ghost operators cannot be loaded: $it") }
            val start = System.nanoTime()
            val network = GhostJni.open(artifact.bytes, 1)
            return GhostNetwork(network, (System.nanoTime() - start) / 1e6).probed(artifact.record)
        }
    }
}
