using System.Text;
using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionSuccessorTests
{
    private const string KeyText = "AAECAwQFBgcICQoLDA0ODw";
    private const string Seal = "AAECAwQFBgcICQoLDA0ODxAR";

    [Theory]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData(Seal, false)]
    [InlineData(Seal, true)]
    public void What_stores_keep_of_a_successor_is_read_as_it_was(string? seal, bool isOthers)
    {
        var successor = new SessionSuccessor(Key(), seal, isOthers);
        var text = successor.ToString();
        Assert.True(text.Length <= SessionSuccessor.MaxTextLength);
        Assert.True(SessionSuccessor.TryParse(Encoding.ASCII.GetBytes(text), out var read));
        Assert.Equal(successor, read);
        Assert.Equal(isOthers, read.IsOthers);
        Assert.Equal(seal, read.Seal);
    }

    [Fact]
    public void Successor_of_another_person_and_one_of_the_same_are_kept_as_different_texts()
    {
        Assert.Equal(KeyText + Seal, new SessionSuccessor(Key(), Seal).ToString());
        Assert.Equal(KeyText + Seal + "!", new SessionSuccessor(Key(), Seal, IsOthers: true).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData(KeyText + "!!")]
    [InlineData(KeyText + "AAAA")]
    [InlineData("!" + KeyText)]
    [InlineData(KeyText + Seal + "A")]
    [InlineData(KeyText + Seal + "!!")]
    public void Text_of_another_form_is_no_successor(string text) =>
        Assert.False(SessionSuccessor.TryParse(Encoding.ASCII.GetBytes(text), out _));

    private static SessionKey Key()
    {
        Assert.True(SessionKey.TryParse(Encoding.ASCII.GetBytes(KeyText), out var key));
        return key;
    }
}
