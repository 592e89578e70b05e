package ghostnet.android

import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Record
import ghostnet.core.RgbImage
import java.io.File

/** A network with what its record says of it. */
abstract class Model internal constructor(
    protected val record: Record,
    private val network: Network,
) : AutoCloseable {
    /** For the person: what really runs it. It may change with a run. */
    val accelerator get() = network.runsOn

    /** The names of all that this network can tell apart. */
    val names: List<String> get() = record.labels

    internal class Ran(
        val outputs: List<FloatArray>,
        val ms: Double, // the network alone
    )

    internal fun ran(input: FloatArray): Ran {
        network.write(input)
        val start = System.nanoTime()
        network.run()
        val ms = (System.nanoTime() - start) / 1e6
        return Ran(network.read(), ms)
    }

    override fun close() = network.close()
}

/** What a network says of one photo. */
sealed interface Sight {
    val inferenceMs: Double
}

/** A network that looks at photos. */
abstract class PhotoModel internal constructor(
    record: Record,
    network: Network,
) : Model(record, network) {
    private val preprocessing = record.preprocessing

    /** What the network sees of a photo, as a share of the largest of that shape in it. */
    val crop: Double get() = preprocessing.crop

    /** Width by height of what the network sees; null where photos are stretched to it. */
    val aspect: Double? get() =
        preprocessing.run { if (isStretched) null else width.toDouble() / height }

    internal fun ran(photo: RgbImage): Ran = ran(preprocessing.input(photo))

    /** [count]: answers at most, where the network names the whole photo. */
    abstract fun look(
        photo: RgbImage,
        count: Int,
    ): Sight

    fun look(
        photo: Bitmap,
        count: Int,
    ): Sight = look(rgb(photo), count)
}

internal fun rgb(photo: Bitmap): RgbImage {
    val argb = IntArray(photo.width * photo.height)
    photo.getPixels(argb, 0, photo.width, 0, 0, photo.width, photo.height)
    return RgbImage.fromArgb(photo.width, photo.height, argb)
}

/**
 * The GPU if that is [wanted] and it can; on the CPU the file with Ghost operators if there is
 * one and it can. The label says what it became.
 */
internal fun networkOf(
    record: Record,
    file: File,
    wanted: Accelerator,
    ghostop: (() -> Artifact)?,
): Network {
    val onCpu = {
        val openPlain = { PlainNetwork.open(record, file) }
        if (ghostop == null) openPlain() else OperatorNetwork.open(ghostop, openPlain)
    }
    if (wanted != Accelerator.GPU) return onCpu()
    return try {
        PlainNetwork.open(record, file, wanted)
    } catch (_: BadModel) {
        Refused(onCpu())
    }
}

/** On the CPU, though something else was asked for. */
private class Refused(
    private val network: Network,
) : Network by network {
    override val runsOn get() = network.runsOn + " (the GPU refused this model)"
}
