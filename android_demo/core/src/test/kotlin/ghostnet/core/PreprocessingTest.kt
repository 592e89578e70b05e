package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Test

class PreprocessingTest {
    @Test
    fun pixelsAndTensorsAreThoseOfPythonBitForBit() {
        val cases = Goldens.cases("preprocessing")
        for (case in cases) {
            val preprocessing = Record.preprocessing(case.fields("preprocessing"))
            val photo = Goldens.photo(case.whole("width").toInt(), case.whole("height").toInt())
            val input = "${preprocessing.height}x${preprocessing.width}"
            val what = "${photo.width}x${photo.height} ${preprocessing.resample} $input"

            val pixels = preprocessing.pixels(photo)

            assertEquals(what, case.text("pixels_sha256"), sha256(pixels.bytes))
            assertEquals(what, case.text("tensor_sha256"), Goldens.digest(preprocessing.normalise(pixels)))
        }
        assertEquals(91, cases.size)
    }

    @Test(expected = IllegalArgumentException::class)
    fun aStandardDeviationOfZeroIsRefused() {
        Preprocessing(96, 96, 0.875, Resample.BILINEAR, listOf(0.5, 0.5, 0.5), listOf(0.5, 0.0, 0.5))
    }

    @Test
    fun alphaIsDroppedFromABitmapsPixels() {
        val image = RgbImage.fromArgb(1, 1, intArrayOf(0x7F0180FF))

        assertEquals(listOf<Byte>(1, -128, -1), image.bytes.toList())
    }
}
