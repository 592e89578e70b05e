package ghostnet.demo

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import ghostnet.core.BadModel
import java.io.File

/** A `.tflite` compiled by LiteRT, with buffers of its own: float32 in, float32 out. */
class Network private constructor(
    private val model: CompiledModel,
    val accelerator: Accelerator,
) : AutoCloseable {
    private val inputs: List<TensorBuffer> = model.createInputBuffers()
    private val outputs: List<TensorBuffer> = model.createOutputBuffers()

    fun write(input: FloatArray) = inputs[0].writeFloat(input)

    fun run() = model.run(inputs, outputs)

    fun read(): FloatArray = outputs[0].readFloat()

    /** (size, size, 3) -> (classes,) logits. */
    fun logits(input: FloatArray): FloatArray {
        write(input)
        run()
        return read()
    }

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    companion object {
        /** The file must have been verified: LiteRT crashes on some damaged ones. */
        fun open(
            file: File,
            accelerator: Accelerator = Accelerator.CPU,
        ): Network {
            // One accelerator alone: with two, LiteRT falls back without a word.
            val options = CompiledModel.Options(accelerator)
            if (accelerator == Accelerator.CPU) {
                options.cpuOptions = CompiledModel.CpuOptions(numThreads = 1)
            }
            try {
                return Network(CompiledModel.create(file.path, options), accelerator)
            } catch (error: LiteRtException) {
                throw BadModel("LiteRT cannot run this model on the $accelerator: ${error.message}")
            } catch (error: UnsatisfiedLinkError) {
                throw BadModel("LiteRT has no library for this phone's processor: ${error.message}")
            }
        }
    }
}
