package ghostnet.android

import ghostnet.core.ALL_FILE
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Record

/**
 * A file on the CPU through LiteRT's C interface: one with Ghost operators, or a plain one where both
 * are to be timed alike. An error inside an operator is thrown like any other, never a wrong output.
 */
class NativeNetwork private constructor(
    private var network: Long,
    override val loadMs: Double,
) : Network {
    override val runsOn =
        onCpu(THREADS) + GhostJni.variant(network).let { if (it.isEmpty()) "" else ", Ghost operators ($it)" }

    override fun write(input: FloatArray) = GhostJni.write(opened(), input)

    override fun run() = GhostJni.run(opened())

    override fun read(): List<FloatArray> = List(GhostJni.outputs(opened())) { GhostJni.read(network, it) }

    override fun close() {
        if (network != CLOSED) GhostJni.close(network)
        network = CLOSED
    }

    private fun opened(): Long = network.also { check(it != CLOSED) }

    companion object {
        private const val CLOSED = 0L
        private const val INT8 = "static_wi8_ai8"

        /** Why this phone cannot run any file so; null where it can. */
        val missing: String?
            get() = GhostJni.missing

        /**
         * Which file of a network this processor should open, PLAIN_FILE or another; that with all operators
         * where it cannot be asked, so that the label says why they do not run.
         */
        fun best(plain: Record): Int =
            if (missing == null) GhostJni.file(plain.recipe.startsWith(INT8), false) else ALL_FILE

        /** [inHalf]: floats in half precision, which not every processor can multiply. */
        fun open(
            artifact: Artifact,
            inHalf: Boolean = false,
        ): NativeNetwork {
            missing?.let { throw BadModel("The Ghost operators cannot be loaded: $it") }
            val start = System.nanoTime()
            val network = GhostJni.open(artifact.bytes, THREADS, artifact.record.hasOperators, inHalf)
            return NativeNetwork(network, (System.nanoTime() - start) / 1e6).probed(artifact.record)
        }
    }
}
