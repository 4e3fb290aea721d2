using ClusterSession.Histories;
using Xunit;

namespace ClusterSession.Tests.TestKit.Histories;

public sealed class SelfDescribingValueTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public void A_value_says_who_wrote_it(int filler)
    {
        var value = new SelfDescribingValue(3, 14, 159, 2);
        var text = value.ToText(filler);

        Assert.StartsWith("3|14|159|2|", text, StringComparison.Ordinal);
        Assert.Equal(value, SelfDescribingValue.TryParse(text));
        Assert.True(text.Length >= filler);
    }

    [Fact]
    public void The_checksum_is_the_standard_one()
    {
        // zlib.crc32(b"0|0|0|0|")
        Assert.Equal("0|0|0|0|d84a5e59", new SelfDescribingValue(0, 0, 0, 0).ToText());
    }

    [Fact]
    public void Every_single_bit_error_and_every_truncation_is_found()
    {
        var text = new SelfDescribingValue(3, 14, 159, 2).ToText(20);
        for (var i = 0; i < text.Length; i++)
        {
            for (var bit = 0; bit < 7; bit++)
            {
                var damaged = text.ToCharArray();
                damaged[i] = (char)(damaged[i] ^ (1 << bit));
                // Hexadecimal digits may be written large; anything else must be noticed.
                if (!string.Equals(new string(damaged), text, StringComparison.OrdinalIgnoreCase))
                {
                    Assert.Null(SelfDescribingValue.TryParse(new string(damaged)));
                }
            }
            Assert.Null(SelfDescribingValue.TryParse(text[..i]));
        }
    }

    [Theory]
    [InlineData("12/ab", 12L, "ab")]
    [InlineData("12-ab", 12L, "ab")]
    [InlineData("(12, ab)", 12L, "ab")]
    [InlineData("12", 12L, "")]
    public void A_version_is_read_however_it_is_printed(string text, long stamp, string writer) =>
        Assert.Equal(new SeenVersion(stamp, writer), SeenVersion.TryParse(text));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ab")]
    public void What_is_no_version_is_none(string? text) => Assert.Null(SeenVersion.TryParse(text));
}
