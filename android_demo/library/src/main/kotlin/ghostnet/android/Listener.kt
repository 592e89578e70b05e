package ghostnet.android

import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.Hearing
import ghostnet.core.Record
import ghostnet.core.Task
import ghostnet.core.probabilities
import java.io.File

/** How likely each word is, and how long the network alone took to say so. */
class Heard(
    val probabilities: DoubleArray, // (names,)
    val inferenceMs: Double,
)

/** From a moment of sound to a word. */
class Listener private constructor(
    record: Record,
    network: Network,
) : Model(record, network) {
    /** How many samples it hears at once, and at which rate. */
    val hearing: Hearing = record.sound

    /** [samples]: (hearing.length,) mono at hearing.rate; full scale is -1 to 1. */
    fun hear(samples: FloatArray): Heard {
        val ran = ran(samples)
        return Heard(probabilities(ran.outputs.single(), names.size, record.scores), ran.ms)
    }

    companion object {
        /** As [networkOf] has it. */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
            ghostop: (() -> Artifact)? = null,
        ): Listener {
            artifact.record.mustBe(Task.KEYWORDS)
            return Listener(artifact.record, networkOf(artifact.record, file, wanted, ghostop))
        }
    }
}
