package ghostnet.android

import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Answer
import ghostnet.core.Artifact
import ghostnet.core.Record
import ghostnet.core.RgbImage
import ghostnet.core.Task
import ghostnet.core.topAnswers
import java.io.File

/** What one photo shows, and how long the network alone took to say so. */
class Answers(
    val top: List<Answer>,
    override val inferenceMs: Double,
) : Sight

/** From a photo to names. */
class Classifier private constructor(
    record: Record,
    network: Network,
) : PhotoModel(record, network) {
    fun logits(photo: RgbImage): FloatArray = ran(photo).outputs.single()

    fun classify(
        photo: Bitmap,
        count: Int,
    ): Answers = classify(rgb(photo), count)

    fun classify(
        photo: RgbImage,
        count: Int,
    ): Answers {
        val ran = ran(photo)
        return Answers(topAnswers(ran.outputs.single(), record.labels, record.scores, count), ran.ms)
    }

    override fun look(
        photo: RgbImage,
        count: Int,
    ): Answers = classify(photo, count)

    companion object {
        /** As [networkOf] has it. */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
            ghostop: (() -> Artifact)? = null,
        ): Classifier {
            artifact.record.mustBe(Task.CLASSIFY)
            return Classifier(artifact.record, networkOf(artifact.record, file, wanted, ghostop))
        }
    }
}
