package ghostnet.demo

import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioManager
import android.media.AudioRecord
import android.media.AudioRecordingConfiguration
import android.media.MediaRecorder
import android.os.Handler
import android.os.HandlerThread
import ghostnet.core.microphoneRates

/** What a microphone may have to say; on its own thread. */
interface MicrophoneNews {
    /** Before its first samples, and how many of them a second bring. */
    fun opened(rate: Int)

    /** The first [count] of these, 16 bits each; they are overwritten afterwards. */
    fun heard(
        samples: ShortArray,
        count: Int,
    )

    /** Whether a call or another app has it: Android then gives silence. */
    fun taken(isTaken: Boolean)

    fun lost() // it cannot be opened, it was unplugged, or it broke
}

/**
 * One open microphone on a thread of its own. What it brings is handed to [news] and kept nowhere: no file
 * is written here, and this app may not use a network.
 */
class Microphone(
    private val wantedRate: Int, // or the nearest that the phone has
    private val news: MicrophoneNews,
) : AutoCloseable {
    private val thread = HandlerThread("microphone").apply { start() }

    @Volatile
    private var isClosed = false

    fun open() = Handler(thread.looper).post(::listen)

    /** It is let go within a piece. */
    override fun close() {
        isClosed = true
        thread.quitSafely()
    }

    private fun listen() {
        if (isClosed) return
        val source = microphoneRates(wantedRate).firstNotNullOfOrNull(::at)
        if (source == null) return lose()
        try {
            read(source)
        } finally {
            source.release()
        }
    }

    /** At that rate; null where the phone has none. */
    @SuppressLint("MissingPermission") // the screen asks before it comes here
    private fun at(rate: Int): AudioRecord? {
        val least =
            AudioRecord.getMinBufferSize(
                rate,
                AudioFormat.CHANNEL_IN_MONO,
                AudioFormat.ENCODING_PCM_16BIT,
            )
        if (least <= 0) return null
        val format =
            AudioFormat
                .Builder()
                .setSampleRate(rate)
                .setChannelMask(AudioFormat.CHANNEL_IN_MONO)
                .setEncoding(AudioFormat.ENCODING_PCM_16BIT)
                .build()
        val source =
            try {
                AudioRecord
                    .Builder()
                    .setAudioSource(MediaRecorder.AudioSource.VOICE_RECOGNITION)
                    .setAudioFormat(format)
                    .setBufferSizeInBytes(maxOf(least, 2 * rate)) // a second of 16 bits
                    .build()
            } catch (_: UnsupportedOperationException) {
                return null
            } catch (_: IllegalArgumentException) {
                return null
            } catch (_: SecurityException) {
                // the permission may go at any moment
                return null
            }
        if (source.state == AudioRecord.STATE_INITIALIZED) return source
        source.release()
        return null
    }

    private fun read(source: AudioRecord) {
        source.registerAudioRecordingCallback({ it.run() }, Takings())
        try {
            source.startRecording()
        } catch (_: IllegalStateException) {
            return lose()
        }
        if (source.recordingState != AudioRecord.RECORDSTATE_RECORDING) return lose() // another app has it
        news.opened(source.sampleRate)
        val piece = ShortArray(source.sampleRate / PIECES_A_SECOND)
        while (!isClosed) {
            val count = source.read(piece, 0, piece.size)
            if (count <= 0) return lose()
            news.heard(piece, count)
        }
    }

    private fun lose() {
        if (!isClosed) news.lost()
    }

    private inner class Takings : AudioManager.AudioRecordingCallback() {
        override fun onRecordingConfigChanged(configs: List<AudioRecordingConfiguration>) {
            if (!isClosed) news.taken(configs.any { it.isClientSilenced })
        }
    }

    private companion object {
        const val PIECES_A_SECOND = 20
    }
}
