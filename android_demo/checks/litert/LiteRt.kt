/*
 * The part of LiteRT's Kotlin interface that the app uses, under its own names: it stands in for
 * the AAR `com.google.ai.edge.litert:litert:2.1.6`, which only Google's Maven has, while the app is
 * compiled and run on a desktop. What is below it is the desktop's libLiteRt.so, through JNA.
 *
 * Where each signature was read (github.com/google-ai-edge/LiteRT, under
 * litert/kotlin/src/main/kotlin/com/google/ai/edge/litert/, at the commit named):
 *
 *   Accelerator.{NONE, CPU, GPU, NPU}                      Common.kt           4312fd6509bb
 *   JniHandle : AutoCloseable, final close()               Common.kt           4312fd6509bb
 *   CompiledModel.CpuOptions(numThreads, xnnPackFlags,
 *       xnnPackWeightCachePath)                            Model.kt            b057fa3c3327
 *   CompiledModel.Options(vararg Accelerator)              Model.kt            b057fa3c3327
 *   CompiledModel.Options.cpuOptions                       Model.kt            b057fa3c3327
 *   CompiledModel.createInputBuffers(signatureIndex = 0)   Model.kt            b057fa3c3327
 *   CompiledModel.createOutputBuffers(signatureIndex = 0)  Model.kt            b057fa3c3327
 *   CompiledModel.run(inputs, outputs, signatureIndex = 0) Model.kt            b057fa3c3327
 *   CompiledModel.create(filePath, options, optionalEnv)   Model.kt            b057fa3c3327
 *   Environment                                            Environment.kt      23dd4f7d240f
 *   TensorBuffer.writeFloat(FloatArray), readFloat()       TensorBuffer.kt     0b7af5acac3f
 *   LiteRtException : Exception                            LiteRtException.kt  173ea62ee641
 *
 * The same calls stand in Google's guide, ai.google.dev/edge/litert/next/android_kotlin. Whatever
 * the app needs beyond these does not compile in the checks.
 */

package com.google.ai.edge.litert

import com.sun.jna.Callback
import com.sun.jna.Memory
import com.sun.jna.NativeLibrary
import com.sun.jna.Pointer
import com.sun.jna.ptr.NativeLongByReference
import com.sun.jna.ptr.PointerByReference

enum class Accelerator private constructor(
    val value: Int,
) {
    NONE(0),
    CPU(1),
    GPU(2),
    NPU(3),
}

class LiteRtException(
    message: String,
) : Exception(message)

abstract class JniHandle internal constructor(
    internal val handle: Pointer,
) : AutoCloseable {
    protected abstract fun destroy()

    final override fun close() = destroy()
}

class Environment private constructor(
    handle: Pointer,
) : JniHandle(handle) {
    override fun destroy() = LiteRt.destroy("Environment", handle)

    internal companion object {
        fun create() = Environment(LiteRt.made("CreateEnvironment", 0, null))
    }
}

class TensorBuffer internal constructor(
    handle: Pointer,
) : JniHandle(handle) {
    fun writeFloat(data: FloatArray) = locked(WRITE, data.size * 4L) { it.write(0, data, 0, data.size) }

    fun readFloat(): FloatArray = locked(READ, null) { it.getFloatArray(0, (size() / 4).toInt()) }

    override fun destroy() = LiteRt.destroy("TensorBuffer", handle)

    private fun size(): Long =
        NativeLongByReference()
            .also {
                LiteRt.call("GetTensorBufferPackedSize", handle, it)
            }.value
            .toLong()

    private fun <T> locked(
        mode: Int,
        bytes: Long?,
        use: (Pointer) -> T,
    ): T {
        if (bytes != null && bytes != size()) throw LiteRtException("$bytes bytes for a buffer of ${size()}")
        val memory = LiteRt.made("LockTensorBuffer", handle, last = mode)
        return use(memory).also { LiteRt.call("UnlockTensorBuffer", handle) }
    }

    private companion object {
        const val READ = 0
        const val WRITE = 1
    }
}

class CompiledModel private constructor(
    handle: Pointer,
    private val model: Pointer,
    private val env: Environment,
) : JniHandle(handle) {
    data class CpuOptions(
        val numThreads: Int? = null,
        val xnnPackFlags: Int? = null,
        val xnnPackWeightCachePath: String? = null,
    )

    class Options(
        internal val accelerators: Set<Accelerator>,
    ) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        var cpuOptions: CpuOptions? = null

        companion object {
            @JvmStatic
            val CPU = Options(Accelerator.CPU)
        }
    }

    @JvmOverloads
    fun createInputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = buffers("Input", signatureIndex)

    @JvmOverloads
    fun createOutputBuffers(signatureIndex: Int = 0): List<TensorBuffer> = buffers("Output", signatureIndex)

    @JvmOverloads
    fun run(
        inputs: List<TensorBuffer>,
        outputs: List<TensorBuffer>,
        signatureIndex: Int = 0,
    ) {
        LiteRt.call(
            "RunCompiledModel",
            handle,
            signatureIndex.toLong(),
            inputs.size.toLong(),
            inputs.map { it.handle }.toTypedArray(),
            outputs.size.toLong(),
            outputs.map { it.handle }.toTypedArray(),
        )
    }

    override fun destroy() {
        LiteRt.destroy("CompiledModel", handle)
        LiteRt.destroy("Model", model)
        env.close()
    }

    private fun buffers(
        side: String,
        signatureIndex: Int,
    ): List<TensorBuffer> {
        val signature = LiteRt.made("GetModelSignature", model, signatureIndex.toLong())
        val count = NativeLongByReference()
        LiteRt.call("GetNumSignature${side}s", signature, count)
        return List(count.value.toInt()) { i ->
            val tensor = LiteRt.made("GetSignature${side}TensorByIndex", signature, i.toLong())
            val type = Memory(TENSOR_TYPE_BYTES)
            LiteRt.call("GetRankedTensorType", tensor, type)
            val needs =
                LiteRt.made(
                    "GetCompiledModel${side}BufferRequirements",
                    handle,
                    signatureIndex.toLong(),
                    i.toLong(),
                )
            TensorBuffer(LiteRt.made("CreateManagedTensorBufferFromRequirements", env.handle, type, needs))
        }
    }

    companion object {
        private const val TENSOR_TYPE_BYTES = 72L

        @JvmOverloads
        @JvmStatic
        fun create(
            filePath: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel {
            val env = optionalEnv ?: Environment.create()
            val model = LiteRt.made("CreateModelFromFile", env.handle, filePath)
            val native = LiteRt.made("CreateOptions")
            LiteRt.call("SetOptionsHardwareAccelerators", native, options.accelerators.sumOf { it.mask })
            options.cpuOptions?.numThreads?.let { threads ->
                val toml = LiteRt.kept("num_threads = $threads\n")
                LiteRt.call(
                    "AddOpaqueOptions",
                    native,
                    LiteRt.made("CreateOpaqueOptions", "xnnpack", toml, LiteRt.keep),
                )
            }
            return CompiledModel(LiteRt.made("CreateCompiledModel", env.handle, model, native), model, env)
        }

        /** The C interface has a bit mask where Kotlin has an enum. */
        private val Accelerator.mask get() = if (value == 0) 0 else 1 shl (value - 1)
    }
}

/** The C functions, each with `LiteRt` before its name; a status other than 0 is an exception. */
internal object LiteRt {
    private val library = NativeLibrary.getInstance(System.getProperty("litert.library"))
    private val texts = ArrayList<Memory>() // LiteRT reads them later than it is given them

    fun interface Destructor : Callback {
        fun invoke(options: Pointer?)
    }

    val keep = Destructor { }

    fun kept(text: String): Pointer = Memory(text.length + 1L).also { it.setString(0, text) }.also(texts::add)

    fun call(
        name: String,
        vararg arguments: Any?,
    ) {
        val status = library.getFunction("LiteRt$name").invokeInt(arguments)
        if (status != 0) throw LiteRtException("LiteRt$name: status $status")
    }

    /** A call that gives its result through a pointer, which stands before [last]. */
    fun made(
        name: String,
        vararg arguments: Any?,
        last: Any? = null,
    ): Pointer {
        val result = PointerByReference()
        call(name, *arguments, result, *listOfNotNull(last).toTypedArray())
        return result.value
    }

    fun destroy(
        what: String,
        handle: Pointer,
    ) = library.getFunction("LiteRtDestroy$what").invokeVoid(arrayOf(handle))
}
