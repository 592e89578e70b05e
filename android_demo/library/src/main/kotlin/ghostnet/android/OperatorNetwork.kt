package ghostnet.android

import ghostnet.core.Artifact
import ghostnet.core.BadModel

/**
 * A model's file with Ghost operators and, from the first error on, the plain one that stands beside
 * it: both compute the same, and the label says which one it is, and why.
 */
class OperatorNetwork private constructor(
    private var current: Network,
    private val openPlain: () -> Network,
    private var why: String?, // no operators; null while they work
) : Network {
    private var input: FloatArray? = null

    override val loadMs get() = current.loadMs

    override val runsOn get() = current.runsOn + why?.let { " (no Ghost operators: $it)" }.orEmpty()

    override fun write(input: FloatArray) {
        this.input = input
        current.write(input)
    }

    override fun run() {
        try {
            current.run()
        } catch (error: BadModel) {
            if (why != null) throw error
            val plain = openPlain()
            current.close()
            current = plain
            why = error.message.orEmpty()
            input?.let(current::write)
            current.run()
        }
    }

    override fun read(): List<FloatArray> = current.read()

    override fun close() = current.close()

    companion object {
        /** [ghostop] may throw as well: its bytes may be damaged. */
        fun open(
            ghostop: () -> Artifact,
            openPlain: () -> Network,
        ): OperatorNetwork =
            try {
                OperatorNetwork(NativeNetwork.open(ghostop()), openPlain, null)
            } catch (error: BadModel) {
                OperatorNetwork(openPlain(), openPlain, error.message.orEmpty())
            }
    }
}
