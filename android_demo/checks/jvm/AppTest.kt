import android.content.BroadcastReceiver
import android.content.ContextWrapper
import android.content.Intent
import android.content.IntentFilter
import android.media.Image
import ghostnet.android.Network
import ghostnet.android.THREADS
import ghostnet.android.onCpu
import ghostnet.core.Conditions
import ghostnet.demo.Phone
import ghostnet.demo.TimedNetwork
import ghostnet.demo.frameOf
import gradle.foreignPermissions
import org.junit.Assert.assertEquals
import org.junit.Test
import java.nio.ByteBuffer

/** The app's own classes over Android's, which do nothing here. */
class AppTest {
    private class FakePlane(
        private val bytes: ByteArray,
        private val row: Int,
        private val pixel: Int,
    ) : Image.Plane() {
        override fun getBuffer(): ByteBuffer = ByteBuffer.wrap(bytes)

        override fun getRowStride() = row

        override fun getPixelStride() = pixel
    }

    private class FakeImage(
        private val of: Array<Image.Plane>,
    ) : Image() {
        override fun getFormat() = 35

        override fun getWidth() = 4

        override fun getHeight() = 2

        override fun getTimestamp() = 0L

        override fun getPlanes() = of

        override fun close() = Unit
    }

    @Test
    fun aFrameIsReadWithTheStridesThatAndroidTellsAndBlueIsBlue() {
        // Rows of 5 and 7 bytes; of U and V every second byte counts. Left it is blue, right red.
        val y = FakePlane(byteArrayOf(50, 50, 50, 50, 0, 50, 50, 50, 50), 5, 1)
        val u = FakePlane(byteArrayOf(200.toByte(), 9, 128.toByte()), 7, 2)
        val v = FakePlane(byteArrayOf(128.toByte(), 9, 200.toByte()), 7, 2)

        val rgb = frameOf(FakeImage(arrayOf(y, u, v))).toRgb().bytes.map { it.toInt() and 0xFF }

        for (row in 0..1) {
            val pixels = rgb.drop(row * 12).take(12).chunked(3)
            assertEquals(listOf(50, 25, 178), pixels[0])
            assertEquals(pixels[0], pixels[1])
            assertEquals(listOf(151, 0, 50), pixels[2])
            assertEquals(pixels[2], pixels[3])
        }
    }

    @Test
    fun aTimedRunRunsAndReadsNothing() {
        val calls = ArrayList<String>()
        val network =
            object : Network {
                override val loadMs = 1.0
                override val runsOn = ""

                override fun write(input: FloatArray) {
                    calls += "write"
                }

                override fun run() {
                    calls += "run"
                }

                override fun read() = listOf(floatArrayOf(1f)).also { calls += "read" }

                override fun close() {
                    calls += "close"
                }
            }
        val timed = TimedNetwork(network)

        timed.run()
        assertEquals(listOf("run"), calls)
        timed.outputSha256()
        timed.close()
        assertEquals(listOf("run", "read", "close"), calls)
    }

    @Test
    fun aPhonesConditionsAreInDegreesAndInWords() {
        fun conditions(vararg told: Pair<String, Int>): Conditions {
            val battery =
                object : Intent() {
                    override fun getIntExtra(
                        name: String?,
                        default: Int,
                    ) = told.toMap()[name] ?: default
                }
            val context =
                object : ContextWrapper(null) {
                    override fun registerReceiver(
                        receiver: BroadcastReceiver?,
                        filter: IntentFilter?,
                    ) = battery
                }
            return Phone(context).conditions()
        }

        val plugged = conditions("temperature" to 255, "plugged" to 2)
        assertEquals(25.5, plugged.temperatureC!!, 0.0)
        assertEquals(true, plugged.isCharging)
        assertEquals(false, conditions("temperature" to 255, "plugged" to 0).isCharging)
        val silent = conditions()
        assertEquals(listOf(null, null), listOf(silent.temperatureC, silent.isCharging))
    }

    @Test
    fun theLabelSaysHowManyThreadsThereAre() {
        assertEquals("CPU, 1 thread", onCpu(THREADS))
        assertEquals("CPU, 4 threads", onCpu(4))
    }

    @Test
    fun theMergedManifestMayAskForCameraAndMicrophoneAlone() {
        fun asked(
            name: String,
            tag: String = "uses-permission",
        ) = "<$tag\n  android:maxSdkVersion=\"30\" android:name=\"$name\" />"
        val camera = asked("android.permission.CAMERA") + asked("android.permission.RECORD_AUDIO")
        val own = asked("ghostnet.demo.DYNAMIC_RECEIVER_NOT_EXPORTED_PERMISSION")
        val service = asked("android.permission.FOREGROUND_SERVICE")
        val net = asked("android.permission.INTERNET", "uses-permission-sdk-23")

        assertEquals(emptyList<String>(), foreignPermissions(camera + own))
        assertEquals(
            listOf("android.permission.FOREGROUND_SERVICE", "android.permission.INTERNET"),
            foreignPermissions(camera + service + own + net),
        )
    }
}
