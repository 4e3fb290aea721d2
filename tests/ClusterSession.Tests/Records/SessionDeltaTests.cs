using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionDeltaTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(500)]
    public void Delta_holds_what_a_dictionary_holds(int names) =>
        Seeds.Check(
            random =>
            {
                var model = new Dictionary<string, byte[]?>();
                var delta = new SessionDelta();
                for (var i = 0; i < 3 * names; i++)
                {
                    var name = "a" + random.Next(names);
                    switch (random.Next(4))
                    {
                        case 0:
                            delta.Remove(name);
                            model[name] = null;
                            break;
                        case 1:
                            delta.Forget(name);
                            model.Remove(name);
                            break;
                        default:
                            var value = Histories.Value(random);
                            delta.Set(name, value);
                            model[name] = value;
                            break;
                    }
                }

                Assert.Equal(model.Count, delta.Count);
                Assert.Equal(
                    model.OrderBy(change => change.Key),
                    delta.Changes.ToArray().OrderBy(change => change.Key)
                );
                for (var i = 0; i < names; i++)
                {
                    Assert.Equal(model.TryGetValue("a" + i, out var expected), delta.TryGet("a" + i, out var value));
                    Assert.Same(expected, value);
                }
            },
            runs: 20
        );
}
