using ClusterSession.Sessions;
using ClusterSession.Sessions.Principals;
using Xunit;

namespace ClusterSession.Tests.Sessions.Principals;

public sealed class NotBeforeListTests
{
    private static readonly PrincipalKey Alice = PrincipalKey.Of("alice");
    private static readonly PrincipalKey Bob = PrincipalKey.Of("bob");

    [Fact]
    public void Key_is_the_first_half_of_the_hash_of_the_name() =>
        Assert.Equal("2bd806c97f0e00af1a1fc3328fa763a9", Convert.ToHexStringLower(Alice.ToBytes()));

    [Fact]
    public void What_is_written_is_read_again()
    {
        var list = NotBeforeList.Empty.With(Alice, At(7), 1).With(Bob, At(9), 2);
        var read = NotBeforeList.Read(list.Write(), 3)!;
        Assert.True(read.Contains(list) && list.Contains(read));
        Assert.Equal(At(9), read.Newest);
    }

    [Fact]
    public void Sessions_recorded_before_the_version_are_over_and_later_ones_are_not()
    {
        var list = NotBeforeList.Empty.With(Alice, At(7), 1);
        Assert.Equal((true, false, false), (list.HasEnded(Alice, At(6)), list.HasEnded(Alice, At(7)), list.HasEnded(Alice, At(8))));
        Assert.False(list.HasEnded(Bob, At(6)));
    }

    [Fact]
    public void Lists_merge_in_any_order_to_the_newer_version_of_each()
    {
        var (a, b) = (NotBeforeList.Empty.With(Alice, At(7), 1).With(Bob, At(1), 1), NotBeforeList.Empty.With(Alice, At(5), 2).With(Bob, At(2), 2));
        foreach (var merged in new[] { a.Merge(b), b.Merge(a), a.Merge(b).Merge(a) })
        {
            Assert.Equal((true, false, true, false), (merged.HasEnded(Alice, At(6)), merged.HasEnded(Alice, At(7)), merged.HasEnded(Bob, At(1)), merged.HasEnded(Bob, At(2))));
        }
    }

    [Fact]
    public void What_was_heard_of_twice_was_heard_of_first()
    {
        var list = NotBeforeList.Empty.With(Alice, At(7), 10).Merge(NotBeforeList.Empty.With(Alice, At(7), 20));
        Assert.Equal((1, 0), (list.Where((_, heardAt) => heardAt == 10).Count, list.Where((_, heardAt) => heardAt == 20).Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("02")]
    [InlineData("0101")]
    [InlineData("012bd806c97f0e00af1a1fc3328fa763a9ffffffffffffff000000000001")]
    public void Bytes_of_another_format_are_not_taken_for_a_list(string bytes) => Assert.Null(NotBeforeList.Read(Convert.FromHexString(bytes), 0));

    private static SessionVersion At(long stamp) => new(stamp, 1);
}
